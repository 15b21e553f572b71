//! Scores as a table for people: a row a figure, a column a model.

use super::SetResult;
use crate::evaluation::{Comparison, DecisionScores, Report, TileScores};

/// Name of a row, and how a report fills it.
type Row = (String, fn(&Report) -> String);

/// All sets, one below the other.
pub fn text(results: &[SetResult]) -> String {
    results.iter().map(|result| table(&result.name, &result.report)).collect::<Vec<_>>().join("\n\n")
}

fn table(set: &str, report: &Report) -> String {
    let reports: Vec<&Report> =
        std::iter::once(report).chain(report.comparison.iter().map(|other| other.against.as_ref())).collect();
    let mut lines = vec![format!(
        "{set}: {} photographs, {} series; 95 % intervals resample {}",
        report.images, report.series, report.resampled
    )];
    let cells: Vec<(String, Vec<String>)> = rows(report)
        .into_iter()
        .map(|(name, fill)| (name, reports.iter().map(|report| fill(report)).collect()))
        .collect();
    let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0) + 2;
    let name_width = widest(&mut cells.iter().map(|(name, _)| name.chars().count()));
    let width = widest(&mut cells.iter().flat_map(|(_, cells)| cells).map(|cell| cell.chars().count()));
    for (name, cells) in &cells {
        let cells: String = cells.iter().map(|cell| format!("{cell:width$}")).collect();
        lines.push(format!("  {name:name_width$}{cells}").trim_end().to_owned());
    }
    lines.extend(report.comparison.as_ref().map(difference));
    lines.join("\n")
}

fn rows(report: &Report) -> Vec<Row> {
    let TileScores { side_px, alarm_px, .. } = report.crack_free_tiles;
    let row = |name: &str, fill: fn(&Report) -> String| (name.to_owned(), fill);
    vec![
        row("model", |report| report.model.clone()),
        row("threshold", |report| report.threshold.to_string()),
        row("F1", |report| with_interval(report, report.micro.f1, "f1")),
        row("crack IoU", |report| with_interval(report, report.micro.iou, "iou")),
        row("precision", |report| with_interval(report, report.micro.precision, "precision")),
        row("recall", |report| with_interval(report, report.micro.recall, "recall")),
        row("mean Dice", |report| with_interval(report, report.mean_dice, "mean_dice")),
        row(&format!("F1 within {} px", report.tolerant.px), |report| {
            with_interval(report, report.tolerant.f1, "tolerant_f1")
        }),
        row("centre-line Dice", |report| with_interval(report, report.centre_line.cl_dice, "cl_dice")),
        row("false crack, of area", |report| format!("{:.4} %", report.false_positive_ratio * 100.0)),
        row("photographs called cracked", |report| decision(&report.decision)),
        row(&format!("crack-free tiles of {side_px} px"), |report| report.crack_free_tiles.n.to_string()),
        row(&format!("  with {alarm_px} px or more of crack"), |report| {
            let TileScores { alarm_share, alarm_share_interval, .. } = report.crack_free_tiles;
            percent(alarm_share, alarm_share_interval)
        }),
        row("  taken for crack, of area", |report| {
            let TileScores { area_share, area_share_interval, .. } = report.crack_free_tiles;
            percent(area_share, area_share_interval)
        }),
        row("calibration error", |report| format!("{:.4}", report.calibration.ece)),
    ]
}

fn with_interval(report: &Report, figure: f64, name: &str) -> String {
    let interval = report.intervals.get(name).map(|[low, high]| format!(" ({low:.4}–{high:.4})"));
    format!("{figure:.4}{}", interval.unwrap_or_default())
}

fn percent(share: Option<f64>, interval: Option<[f64; 2]>) -> String {
    let Some(share) = share else {
        return "–".into();
    };
    let interval = interval.map(|[low, high]| format!(" ({:.3}–{:.3} %)", low * 100.0, high * 100.0));
    format!("{:.3} %{}", share * 100.0, interval.unwrap_or_default())
}

fn decision(scores: &DecisionScores) -> String {
    let counts = scores.counts;
    format!(
        "{} of {} cracked, {} of {} others",
        counts.true_positive,
        counts.labelled(),
        counts.false_positive,
        counts.false_positive + counts.true_negative
    )
}

fn difference(comparison: &Comparison) -> String {
    let interval = comparison
        .f1_difference_interval
        .map(|[low, high]| format!("95 % {low:+.4} to {high:+.4}, "))
        .unwrap_or_default();
    format!("  F1 difference {:+.4} ({interval}p = {:.4})", comparison.f1_difference, comparison.p_value)
}
