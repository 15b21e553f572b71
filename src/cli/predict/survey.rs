//! What `hairline predict` says of measured cracks, and in which forms.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{beside, write};
use crate::measure::{CrackSurvey, DISTANCE_M, MM_PER_PX, NoScale, Scale, ScaleRequest};
use crate::report::{Inspection, camera_position, dxf, geojson};
use crate::vision::Capture;

/// Form of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One object a photograph, one a line.
    Json,
    /// One table, one row a crack.
    Csv,
}

/// Files that are written beside the pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Export {
    /// `photo.cracks.geojson`: on the map where the photograph tells its place, else in pixels.
    Geojson,
    /// `photo.cracks.dxf`: a drawing, in millimetres with a scale, else in pixels.
    Dxf,
}

#[derive(Debug, Args)]
pub struct SurveyArgs {
    /// Millimetres on the surface for one pixel, 0.001 to 1000.
    #[arg(long, value_name = "S", value_parser = parse_mm_per_px, conflicts_with = "distance_m")]
    mm_per_px: Option<f64>,
    /// Distance from the camera to the surface in metres, 0.01 to 1000; the photographs must tell their focal length.
    #[arg(long, value_name = "D", value_parser = parse_distance_m)]
    distance_m: Option<f64>,
    /// Standard whose classes stand beside the widths, as context: ID or ID/ROW; "" for none.
    #[arg(long, value_name = "ID")]
    pub standard: Option<String>,
    /// What is printed.
    #[arg(long, value_enum, default_value = "json")]
    pub format: Format,
    /// Further files to write.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "LIST")]
    export: Vec<Export>,
}

impl SurveyArgs {
    /// The scale that was asked for, of a photograph of `size` pixels.
    pub fn scale(&self, focal_35mm: Option<f64>, size: (u32, u32)) -> Result<Option<Scale>, NoScale> {
        let request = self.mm_per_px.map(ScaleRequest::MmPerPx).or(self.distance_m.map(ScaleRequest::DistanceM));
        request.map(|request| request.resolve(focal_35mm, size)).transpose()
    }

    /// Writes the files that were asked for, for the photograph `file`.
    pub fn write_exports(
        &self,
        file: &Path,
        target: &Path,
        survey: &CrackSurvey,
        (inspection, capture, scale): (&Inspection, &Capture, Option<&Scale>),
    ) -> anyhow::Result<Vec<PathBuf>> {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let mut written = Vec::new();
        if self.export.contains(&Export::Geojson) {
            let path = beside(target, ".cracks.geojson");
            write(&path, |out| geojson::write(out, &name, &inspection.survey, camera_position(capture)))?;
            written.push(path);
        }
        if self.export.contains(&Export::Dxf) {
            let path = beside(target, ".cracks.dxf");
            write(&path, |out| dxf::write(out, survey, scale))?;
            written.push(path);
        }
        Ok(written)
    }
}

fn parse_mm_per_px(text: &str) -> Result<f64, String> {
    let expected = || format!("a number from {} to {} is expected", MM_PER_PX.start(), MM_PER_PX.end());
    checked(text, ScaleRequest::MmPerPx).ok_or_else(expected)
}

fn parse_distance_m(text: &str) -> Result<f64, String> {
    let expected = || format!("a number from {} to {} is expected", DISTANCE_M.start(), DISTANCE_M.end());
    checked(text, ScaleRequest::DistanceM).ok_or_else(expected)
}

fn checked(text: &str, request: impl Fn(f64) -> ScaleRequest) -> Option<f64> {
    text.parse().ok().filter(|value| request(*value).check().is_ok())
}
