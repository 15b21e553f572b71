//! How a request asks for a scale.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use super::ApiError;
use super::query::{Query, invalid};
use crate::measure::{NoScale, Scale, ScaleError, ScaleRequest};

/// Parameters that ask for a scale, each way by its own.
pub const SCALE_PARAMETERS: [&str; 7] = ["mm_per_px", "distance_m", "x1", "y1", "x2", "y2", "distance_mm"];

/// The scale that `query` asks for, as far as it can be checked without the photograph.
///
/// # Errors
/// 400 if a value is no number or out of its range, or if there is more than one way, or half of one.
pub fn scale_request(query: &Query) -> Result<Option<ScaleRequest>, ApiError> {
    let mm_per_px = query.number("mm_per_px")?;
    let distance_m = query.number("distance_m")?;
    let request = match (mm_per_px, distance_m, points(query)?) {
        (None, None, None) => return Ok(None),
        (Some(mm_per_px), None, None) => ScaleRequest::MmPerPx(mm_per_px),
        (None, Some(distance_m), None) => ScaleRequest::DistanceM(distance_m),
        (None, None, Some(points)) => points,
        _ => {
            let ways = json!({ "one_of": ["mm_per_px", "distance_m", "x1,y1,x2,y2,distance_mm"] });
            return Err(invalid("mm_per_px", "a scale is asked for in more than one way", ways));
        }
    };
    request.check().map_err(|error| out_of_range(&error))?;
    Ok(Some(request))
}

fn points(query: &Query) -> Result<Option<ScaleRequest>, ApiError> {
    let names = ["x1", "y1", "x2", "y2", "distance_mm"];
    let mut values = [None; 5];
    for (value, name) in values.iter_mut().zip(names) {
        *value = query.number(name)?;
    }
    match values {
        [None, None, None, None, None] => Ok(None),
        [Some(x1), Some(y1), Some(x2), Some(y2), Some(distance_mm)] => {
            Ok(Some(ScaleRequest::Points { a: [x1, y1], b: [x2, y2], distance_mm }))
        }
        _ => {
            let missing = names.iter().zip(values).find(|(_, value)| value.is_none()).map_or("x1", |(name, _)| *name);
            Err(invalid(missing, "it is missing; two points need all five", json!({ "required": names })))
        }
    }
}

/// The scale of a photograph of `size` pixels, taken with a lens of `focal_35mm` mm if that is known.
///
/// # Errors
/// 400 if a value does not fit the photograph, 422 if its lens is needed and not known.
pub fn resolve(
    request: Option<ScaleRequest>,
    focal_35mm: Option<f64>,
    size: (u32, u32),
) -> Result<Option<Scale>, ApiError> {
    request.map(|request| request.resolve(focal_35mm, size).map_err(ApiError::from)).transpose()
}

fn out_of_range(error: &ScaleError) -> ApiError {
    // Two points have no parameter of their own.
    let field = if SCALE_PARAMETERS.contains(&error.field) { error.field } else { "x1,y1,x2,y2" };
    let limit: Value = json!({ "min": error.limit.start(), "max": error.limit.end() });
    invalid(field, &error.to_string(), limit)
}

impl From<NoScale> for ApiError {
    fn from(error: NoScale) -> Self {
        match error {
            NoScale::Value(error) => out_of_range(&error),
            NoScale::NoFocalLength => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "no_focal_length",
                "The lens is not known",
                format!("{error}."),
            )
            .field("query.distance_m")
            .limit(json!({ "required": "Exif FocalLengthIn35mmFilm" })),
        }
    }
}
