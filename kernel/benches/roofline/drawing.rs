//! The roofline as SVG, readable in light and dark.

use std::fmt::Write;

use crate::Point;

/// Edges of the panel: left, top, right, bottom.
const PANEL: [f64; 4] = [64.0, 56.0, 524.0, 376.0];
/// Operations a byte, and operations a second, that the panel spans.
const ACROSS: [f64; 2] = [0.1, 1000.0];
const UP: [f64; 2] = [1e9, 1e12];
const COLOURS: [&str; 8] = ["#c2571f", "#2f6fb5", "#7a4fa3", "#2d8a57", "#b03060", "#8a7a12", "#1e8c94", "#6b7280"];
const STYLE: &str = "<style>\
:root{--ink:#22262b;--faint:#d6dade;--paper:#fff}\
@media (prefers-color-scheme:dark){:root{--ink:#e4e7ea;--faint:#41474d;--paper:#181b1e}}\
text{font:12px system-ui,sans-serif;fill:var(--ink)}.title{font-weight:600;font-size:14px}.end{text-anchor:end}\
.middle{text-anchor:middle}.grid{stroke:var(--faint)}.roof{fill:none;stroke:var(--ink);stroke-width:2}\
circle{stroke:var(--paper)}</style>";

/// Draws `points` below the ceilings `peak`, operations a second, and `bandwidth`, bytes a second.
pub fn roofline(isa: &str, peak: f64, bandwidth: f64, points: &[Point]) -> String {
    let [left, _, right, bottom] = PANEL;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 424\" role=\"img\">{STYLE}\
         <rect width=\"100%\" height=\"100%\" style=\"fill:var(--paper)\"/>\
         <text class=\"title\" x=\"{left}\" y=\"22\">Kernels on one core, {isa}</text>\
         <text x=\"{left}\" y=\"42\">GFLOP/s; above the roof: Winograd needs a quarter of the multiplications</text>"
    );
    grid(&mut svg);
    let knee = peak / bandwidth;
    let roof = [(ACROSS[0], ACROSS[0] * bandwidth), (knee, peak), (ACROSS[1], peak)];
    let roof: Vec<String> = roof.iter().map(|&(i, p)| format!("{:.1},{:.1}", x(i), y(p))).collect();
    let _ = write!(svg, "<polyline class=\"roof\" points=\"{}\"/>", roof.join(" "));
    let mut kinds: Vec<&str> = points.iter().map(|point| point.kind).collect();
    kinds.dedup();
    for (index, kind) in kinds.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        for point in points.iter().filter(|point| point.kind == *kind) {
            let (across, up) = (x(point.operations / point.bytes), y(point.operations / point.seconds));
            let _ = write!(svg, "<circle cx=\"{across:.1}\" cy=\"{up:.1}\" r=\"5\" fill=\"{colour}\"/>");
        }
        let at = PANEL[1] + 12.0 + 22.0 * index as f64;
        let _ = write!(svg, "<circle cx=\"{}\" cy=\"{}\" r=\"5\" fill=\"{colour}\"/>", right + 18.0, at - 4.0);
        let _ = write!(svg, "<text x=\"{}\" y=\"{at}\">{kind}</text>", right + 30.0);
    }
    let middle = f64::midpoint(left, right);
    let _ = write!(svg, "<text class=\"middle\" x=\"{middle}\" y=\"{}\">operations a byte</text></svg>", bottom + 40.0);
    svg
}

fn grid(svg: &mut String) {
    let [left, top, right, bottom] = PANEL;
    for power in -1..=3 {
        let at = x(10f64.powi(power));
        let _ = write!(svg, "<path class=\"grid\" d=\"M{at:.1} {top}V{bottom}\"/>");
        let _ =
            write!(svg, "<text class=\"middle\" x=\"{at:.1}\" y=\"{}\">{}</text>", bottom + 18.0, 10f64.powi(power));
    }
    for power in 9..=12 {
        let at = y(10f64.powi(power));
        let _ = write!(svg, "<path class=\"grid\" d=\"M{left} {at:.1}H{right}\"/>");
        let _ = write!(
            svg,
            "<text class=\"end\" x=\"{}\" y=\"{:.1}\">{}</text>",
            left - 8.0,
            at + 4.0,
            10f64.powi(power - 9)
        );
    }
}

fn x(intensity: f64) -> f64 {
    place(intensity, ACROSS, [PANEL[0], PANEL[2]])
}

fn y(speed: f64) -> f64 {
    place(speed, UP, [PANEL[3], PANEL[1]])
}

/// Where `value` lies on a logarithmic axis.
fn place(value: f64, [least, most]: [f64; 2], [from, to]: [f64; 2]) -> f64 {
    let share = (value / least).ln() / (most / least).ln();
    from + (to - from) * share.clamp(0.0, 1.0)
}
