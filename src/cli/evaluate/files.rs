//! Files that `evaluate` writes: for `dvc metrics`, for `dvc plots`, and for people to look at.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use image::ImageFormat;
use serde::Serialize;

use super::SetResult;
use crate::evaluation::{ContactSheet, Metrics, calibration_rows, threshold_rows};

#[derive(Debug, Args)]
pub struct FileArgs {
    /// Write the scores by folder as JSON, as `dvc metrics` reads it.
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// Write calibration.json and thresholds.json into this folder, as `dvc plots` reads them.
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    /// Write the best and worst photographs as a picture (FILE-FOLDER.png of several folders), with a legend beside
    /// it (.json). It shows the photographs, so keep it out of version control and share it only as their licence allows.
    #[arg(long, value_name = "FILE.png")]
    sheet: Option<PathBuf>,
}

impl FileArgs {
    /// Makes the folders, so that an hour of scoring is not lost to a mistyped path.
    pub fn prepare(&self) -> anyhow::Result<()> {
        if let Some(sheet) = &self.sheet
            && sheet.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("png"))
        {
            bail!("--sheet: {} does not end in .png", sheet.display());
        }
        let parents = [&self.metrics, &self.sheet].into_iter().flatten().filter_map(|file| file.parent());
        for folder in parents.chain(self.plots.as_deref()) {
            fs_err::create_dir_all(folder)?;
        }
        Ok(())
    }

    pub fn wants_sheet(&self) -> bool {
        self.sheet.is_some()
    }

    /// Writes the sheet of the only folder, or of the one called `folder`.
    pub fn write_sheet(&self, sheet: ContactSheet, folder: Option<&String>) -> anyhow::Result<()> {
        let Some(path) = &self.sheet else {
            return Ok(());
        };
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let path = folder.map_or_else(|| path.clone(), |folder| path.with_file_name(format!("{stem}-{folder}.png")));
        let (picture, legend) = sheet.draw();
        picture.save_with_format(&path, ImageFormat::Png).with_context(|| path.display().to_string())?;
        write_json(&path.with_extension("json"), &legend)
    }

    /// Writes metrics and plots.
    pub fn write(&self, results: &[SetResult]) -> anyhow::Result<()> {
        if let Some(path) = &self.metrics {
            let of = |result: &SetResult| (result.name.clone(), Metrics::from(&result.report));
            write_json(path, &results.iter().map(of).collect::<BTreeMap<_, _>>())?;
        }
        if let Some(folder) = &self.plots {
            let calibration = |result: &SetResult| calibration_rows(&result.name, &result.report);
            let thresholds = |result: &SetResult| threshold_rows(&result.name, &result.scores.levels);
            write_json(&folder.join("calibration.json"), &results.iter().flat_map(calibration).collect::<Vec<_>>())?;
            write_json(&folder.join("thresholds.json"), &results.iter().flat_map(thresholds).collect::<Vec<_>>())?;
        }
        Ok(())
    }
}

fn write_json(path: &Path, value: &impl Serialize) -> anyhow::Result<()> {
    Ok(fs_err::write(path, serde_json::to_string_pretty(value)? + "\n")?)
}
