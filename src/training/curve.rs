//! The course of a training as a drawing: losses above, F1 below, readable in light and dark.

use std::fmt::Write;

use super::record::{EpochRecord, Sidecar};

const WIDTH: f32 = 640.0;
const LEFT: f32 = 56.0;
const RIGHT: f32 = 16.0;
/// Upper edge and height of the two panels.
const PANELS: [(f32, f32); 2] = [(44.0, 170.0), (258.0, 150.0)];
const HEIGHT: f32 = 448.0;
/// Lines across a panel, beside its lower edge.
const DIVISIONS: u32 = 4;

const STYLE: &str = "<style>\
:root{--ink:#22262b;--faint:#d6dade;--paper:#fff;--one:#b4491a;--two:#1c64a8}\
@media (prefers-color-scheme:dark){:root{--ink:#e4e7ea;--faint:#41474d;--paper:#181b1e;--one:#f0955f;--two:#74b4f0}}\
text{font:12px system-ui,sans-serif;fill:var(--ink)}.title{font-weight:600;font-size:14px}.end{text-anchor:end}\
.middle{text-anchor:middle}.grid{stroke:var(--faint)}.line{fill:none;stroke-width:2;stroke-linejoin:round}\
.one{stroke:var(--one)}.two{stroke:var(--two)}.best{stroke:var(--ink);stroke-dasharray:3 4}</style>";

/// A line of the drawing.
struct Curve<'a> {
    name: &'a str,
    class: &'a str,
    value: fn(&EpochRecord) -> f32,
}

/// Draws training and validation loss and validation F1 over epochs, as SVG.
pub fn loss_curve(sidecar: &Sidecar) -> String {
    let history = &sidecar.history;
    let losses = [
        Curve { name: "training loss", class: "one", value: |record| record.train_loss },
        Curve { name: "validation loss", class: "two", value: |record| record.val_loss },
    ];
    let scores = [Curve { name: "validation F1", class: "two", value: |record| record.val_f1 }];
    let highest = history.iter().flat_map(|record| [record.train_loss, record.val_loss]).fold(0.0, f32::max);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">{STYLE}\
         <rect width=\"100%\" height=\"100%\" style=\"fill:var(--paper)\"/>\
         <text class=\"title\" x=\"{LEFT}\" y=\"22\">{}: F1 {:.3} in epoch {}</text>",
        escaped(&sidecar.name),
        sidecar.best.val_f1,
        sidecar.best.epoch,
    );
    panel(&mut svg, PANELS[0], rounded_up(highest), &losses, sidecar);
    panel(&mut svg, PANELS[1], 1.0, &scores, sidecar);
    let _ = write!(svg, "<text class=\"middle\" x=\"{}\" y=\"{}\">epoch</text></svg>", middle(), HEIGHT - 8.0);
    svg
}

fn panel(svg: &mut String, (top, height): (f32, f32), limit: f32, curves: &[Curve], sidecar: &Sidecar) {
    let (history, right) = (&sidecar.history, WIDTH - RIGHT);
    let x = |epoch: u32| LEFT + (right - LEFT) * epoch as f32 / history.len().max(1) as f32;
    let y = |value: f32| top + height * (1.0 - (value / limit).clamp(0.0, 1.0));
    for division in 0..=DIVISIONS {
        let value = limit * division as f32 / DIVISIONS as f32;
        let at = y(value);
        let _ = write!(svg, "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>");
        let _ = write!(svg, "<text class=\"end\" x=\"{}\" y=\"{:.1}\">{value:.2}</text>", LEFT - 8.0, at + 4.0);
    }
    for epoch in epoch_ticks(history.len() as u32) {
        let _ =
            write!(svg, "<text class=\"middle\" x=\"{:.1}\" y=\"{}\">{epoch}</text>", x(epoch), top + height + 16.0);
    }
    let best = x(sidecar.best.epoch);
    let _ = write!(svg, "<path class=\"best\" d=\"M{best:.1} {top}V{}\"/>", top + height);
    for (index, Curve { name, class, value }) in curves.iter().enumerate() {
        let points: Vec<String> =
            history.iter().map(|record| format!("{:.1},{:.1}", x(record.epoch), y(value(record)))).collect();
        let _ = write!(svg, "<polyline class=\"line {class}\" points=\"{}\"/>", points.join(" "));
        let (from, at) = (LEFT + 8.0 + 150.0 * index as f32, top - 8.0);
        let _ = write!(svg, "<path class=\"line {class}\" d=\"M{from} {}h18\"/>", at - 4.0);
        let _ = write!(svg, "<text x=\"{}\" y=\"{at}\">{name}</text>", from + 24.0);
    }
}

fn middle() -> f32 {
    (LEFT + WIDTH - RIGHT) / 2.0
}

/// About eight epochs, evenly spaced, up to the last.
fn epoch_ticks(epochs: u32) -> impl Iterator<Item = u32> {
    (0..=epochs).step_by(epochs.div_ceil(8).max(1) as usize)
}

/// The next of 1, 2, 4, 5, 8 times a power of ten.
fn rounded_up(value: f32) -> f32 {
    let power = 10f32.powf(value.max(1e-3).log10().floor());
    let step = [1.0, 2.0, 4.0, 5.0, 8.0, 10.0].into_iter().find(|step| step * power >= value);
    step.unwrap_or(10.0) * power
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::params::TrainParams;
    use crate::training::record::CalibrationRecord;

    fn sidecar(epochs: u32) -> Sidecar {
        let record = |epoch: u32| EpochRecord {
            epoch,
            train_loss: 1.7 / epoch as f32,
            val_loss: 1.5 / epoch as f32,
            val_f1: 1.0 - 0.8 / epoch as f32,
            threshold: 0.5,
            folders: Vec::new(),
            learning_rate: 0.1,
            seconds: 1.0,
        };
        Sidecar {
            name: "a < b".into(),
            model_sha256: String::new(),
            version: String::new(),
            data: Vec::new(),
            data_sha256: String::new(),
            init: None,
            params: TrainParams::parse(None, crate::training::RECIPE).unwrap(),
            best: record(epochs),
            calibration: CalibrationRecord {
                temperature: 1.0,
                threshold: 0.5,
                core: 0.0,
                val_f1_without_core: 0.9,
                val_alarm_share: None,
                val_alarm_share_without_core: None,
                val_f1: 0.9,
                val_nll: 0.1,
                val_nll_at_temperature_1: 0.1,
                val_ece: 0.01,
                val_ece_at_temperature_1: 0.01,
            },
            seconds: 1.0,
            history: (1..=epochs).map(record).collect(),
        }
    }

    #[test]
    fn every_epoch_is_a_point_inside_its_panel() {
        let svg = loss_curve(&sidecar(12));
        assert!(svg.contains("a &lt; b: F1 0.933 in epoch 12") && svg.ends_with("</svg>"));
        let points = svg.split("points=\"").skip(1).map(|rest| rest.split('"').next().unwrap().split(' '));
        for line in points {
            let places: Vec<Vec<f32>> = line.map(|p| p.split(',').map(|v| v.parse().unwrap()).collect()).collect();
            assert_eq!(places.len(), 12);
            assert!(places.iter().all(|p| (LEFT..=WIDTH - RIGHT).contains(&p[0]) && (44.0..=408.0).contains(&p[1])));
        }
        loss_curve(&sidecar(1));
        assert_eq!((rounded_up(1.7), rounded_up(0.43), rounded_up(0.0)), (2.0, 0.5, 0.001));
    }
}
