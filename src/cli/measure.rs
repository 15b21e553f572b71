//! `hairline measure`

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::{Common, Outcome, failure_line, print};
use crate::domain::DecodeLimits;
use crate::measure::{self, CrackMeasurement, CrackSurvey, Estimate, Scale, ScaleSource};
use crate::vision::{BinaryMask, decode};

#[derive(Debug, Args)]
pub struct MeasureArgs {
    /// Label pictures: 0 is background, all else is crack.
    #[arg(required = true, value_name = "MASK")]
    masks: Vec<PathBuf>,
    /// Millimetres on the surface for one pixel; adds lengths and widths in mm.
    #[arg(long, value_name = "MM", value_parser = parse_mm_per_px)]
    mm_per_px: Option<f64>,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Line<'a> {
    file: &'a Path,
    width: u32,
    height: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    mm_per_px: Option<f64>,
    specks: u32,
    cracks: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    crack: CrackMeasurement,
    #[serde(flatten)]
    millimetres: Option<Millimetres>,
}

#[derive(Serialize)]
struct Millimetres {
    length_mm: Estimate,
    width_mean_mm: Estimate,
    width_median_mm: Estimate,
    width_p95_mm: Estimate,
    width_max_mm: Estimate,
}

pub fn run(args: &MeasureArgs) -> anyhow::Result<Outcome> {
    let limits = args.common.settings(&[])?.server.decode_limits();
    let mut failed = false;
    for file in &args.masks {
        let line = match survey(file, limits) {
            Ok(survey) => serde_json::to_string(&line(file, survey, args.mm_per_px))?,
            Err(error) => {
                failed = true;
                writeln!(io::stderr(), "hairline: {}: {error:#}", file.display())?;
                failure_line(file, &error)?
            }
        };
        print(&line)?;
    }
    Ok(if failed { Outcome::SomeFailed } else { Outcome::Done })
}

fn survey(file: &Path, limits: DecodeLimits) -> anyhow::Result<CrackSurvey> {
    let label = decode::decode_label(&fs_err::read(file)?, limits)?;
    Ok(measure::survey_mask(&BinaryMask::from_label(&label)))
}

fn line(file: &Path, survey: CrackSurvey, mm_per_px: Option<f64>) -> Line<'_> {
    let scale = mm_per_px.map(|mm_per_px| Scale { mm_per_px, relative_error: 0.0, source: ScaleSource::Given });
    let row = |crack: CrackMeasurement| Row { millimetres: scale.map(|scale| millimetres(&crack, scale)), crack };
    Line {
        file,
        width: survey.photo_width_px,
        height: survey.photo_height_px,
        mm_per_px,
        specks: survey.specks,
        cracks: survey.cracks.into_iter().map(row).collect(),
    }
}

fn millimetres(crack: &CrackMeasurement, scale: Scale) -> Millimetres {
    Millimetres {
        length_mm: scale.to_mm(crack.length_px),
        width_mean_mm: scale.to_mm(crack.width_mean_px),
        width_median_mm: scale.to_mm(crack.width_median_px),
        width_p95_mm: scale.to_mm(crack.width_p95_px),
        width_max_mm: scale.to_mm(crack.width_max_px),
    }
}

fn parse_mm_per_px(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value.is_finite() => Ok(value),
        _ => Err("a number of millimetres above 0 is expected".into()),
    }
}
