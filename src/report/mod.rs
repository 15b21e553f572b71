//! What people take away of a survey: JSON, CSV, GeoJSON and DXF.
//!
//! All of them say what one [`SurveyView`] says, so that names, units and
//! rounding stand in one place. Nothing here opens a file or a connection.

pub mod csv;
pub mod dxf;
mod figure;
pub mod geojson;
mod inspection;
mod simplify;
#[cfg(test)]
mod testing;
mod view;

pub use figure::Figure;
pub use inspection::{Inspection, StandardView, camera_position};
pub use view::{CAVEAT, CrackView, Polyline, ScaleView, SeverityView, SurveyView, Verdict, kind_name};
