//! `/api/v1/predictions/{id}/cracks`: what is measured, as JSON and as files.

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::pictures::{blocking, download_name, find, original};
use super::standards::asked_standard;
use crate::domain::Prediction;
use crate::measure::{self, Scale, ScaleRequest, Standard};
use crate::report::{Inspection, camera_position, csv, dxf, geojson};
use crate::store::{Measured, RecentError};
use crate::vision::{Capture, decode, exif};
use crate::web::query::Query;
use crate::web::scale::{SCALE_PARAMETERS, resolve, scale_request};
use crate::web::{ApiError, WebState};

/// What was measured in one photograph, and what its file says.
#[derive(Debug, Serialize, ToSchema)]
pub struct CracksAnswer {
    /// Identity of the prediction.
    id: Uuid,
    /// Name of the file at the sender's.
    file_name: String,
    /// What the camera wrote into the file.
    capture: Capture,
    #[serde(flatten)]
    inspection: Inspection,
}

/// What a request asks of a prediction's cracks.
#[derive(Debug, Clone)]
pub struct CrackQuery {
    threshold: Option<f32>,
    /// How the scale is asked for, if it is.
    pub scale: Option<ScaleRequest>,
    standard: Option<Standard>,
    /// Id of the standard, or `ID/ROW`; empty for none.
    pub standard_id: String,
}

impl CrackQuery {
    /// Reads the query of `request`.
    ///
    /// # Errors
    /// 400 if a parameter is unknown or wrong.
    pub fn read(state: &WebState, request: &HttpRequest) -> Result<Self, ApiError> {
        let known: Vec<&str> = ["threshold", "standard"].into_iter().chain(SCALE_PARAMETERS).collect();
        Self::of(state, &Query::read(request, &known)?)
    }

    /// What `query` asks for; an empty one asks for the model's threshold and the standard of the settings.
    ///
    /// # Errors
    /// 400 if a parameter is wrong.
    pub fn of(state: &WebState, query: &Query) -> Result<Self, ApiError> {
        Ok(Self {
            threshold: query.ratio("threshold")?,
            scale: scale_request(query)?,
            standard: asked_standard(state, query)?,
            standard_id: query.get("standard").unwrap_or(&state.settings.inspection.standard).to_owned(),
        })
    }
}

/// A prediction's cracks with everything that files are written from.
pub struct Found {
    /// The prediction.
    pub prediction: Prediction,
    /// What was measured, in pixels.
    pub measured: Measured,
    /// The scale that was asked for.
    pub scale: Option<Scale>,
    /// What is said of it.
    pub inspection: Inspection,
}

async fn found(state: &web::Data<WebState>, id: &str, request: &HttpRequest) -> Result<Found, ApiError> {
    let query = CrackQuery::read(state, request)?;
    inspect(state, find(state, id).await?, query).await
}

/// The cracks of `prediction` as `query` asks for them.
///
/// # Errors
/// If the scale does not fit the photograph, or the prediction is gone or cannot be read.
pub async fn inspect(
    state: &web::Data<WebState>,
    prediction: Prediction,
    query: CrackQuery,
) -> Result<Found, ApiError> {
    let threshold = query.threshold.unwrap_or(prediction.summary.threshold);
    let measured = measured(state, &prediction, threshold).await?;
    let (summary, focal_35mm) = (prediction.summary, measured.capture.focal_35mm);
    let scale = resolve(query.scale, focal_35mm, (summary.width, summary.height))?;
    let inspection = Inspection::new(&measured.survey, scale.as_ref(), query.standard.as_ref(), focal_35mm);
    Ok(Found { prediction, measured, scale, inspection })
}

/// The cracks of a stored prediction at `threshold`: as they were measured
/// with the prediction, or measured now from what is stored.
///
/// # Errors
/// If the prediction is gone or cannot be read.
pub async fn measured(
    state: &web::Data<WebState>,
    prediction: &Prediction,
    threshold: f32,
) -> Result<Measured, ApiError> {
    let id = prediction.id;
    if threshold == prediction.summary.threshold {
        let recent = state.recent.clone();
        match web::block(move || recent.measured(id)).await.map_err(ApiError::internal)? {
            Ok(measured) => return Ok(measured),
            Err(RecentError::Gone) => {}
            Err(error @ RecentError::Io(_)) => return Err(error.into()),
        }
    }
    let _place = state.predictor.decoding_place().await?;
    let file = original(state, id).await?;
    let (recent, limits, prediction) = (state.recent.clone(), state.predictor.limits(), prediction.clone());
    blocking(move || {
        let capture = exif::read(&file);
        let photo = decode::decode(&file, limits)?.pixels;
        drop(file);
        let map = recent.probabilities(&prediction)?;
        Ok(Measured { survey: measure::survey(&photo, &map, threshold), capture })
    })
    .await
}

/// The cracks with length, width and direction.
///
/// Widths are in pixels, and in millimetres where the request gives a scale: `mm_per_px`; or
/// `distance_m`, if the photograph tells its focal length; or two points and how far apart they are.
#[utoipa::path(get, path = "/api/v1/predictions/{id}/cracks", tag = "measurements",
    params(("id" = Uuid, Path), CrackParameters),
    responses((status = 200, body = CracksAnswer),
        (status = "4XX", body = ApiError, content_type = "application/problem+json")))]
pub async fn cracks(
    state: web::Data<WebState>,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let Found { prediction, measured, inspection, .. } = found(&state, &path, &request).await?;
    let Prediction { id, file_name, .. } = prediction;
    Ok(HttpResponse::Ok().json(CracksAnswer { id, file_name, capture: measured.capture, inspection }))
}

/// One row a crack, as CSV.
#[utoipa::path(get, path = "/api/v1/predictions/{id}/cracks.csv", tag = "measurements",
    params(("id" = Uuid, Path), CrackParameters),
    responses((status = 200, content_type = "text/csv", body = String),
        (status = "4XX", body = ApiError, content_type = "application/problem+json")))]
pub async fn cracks_csv(
    state: web::Data<WebState>,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let found = found(&state, &path, &request).await?;
    let mut content = Vec::new();
    csv::write_header(&mut content).map_err(ApiError::internal)?;
    csv::write_rows(&mut content, &found.prediction.file_name, &found.inspection.survey).map_err(ApiError::internal)?;
    Ok(file(content, "text/csv; charset=utf-8", &download_name(&found.prediction, "cracks.csv")))
}

/// The cracks on the map where the photograph tells its place, else in pixels.
#[utoipa::path(get, path = "/api/v1/predictions/{id}/cracks.geojson", tag = "measurements",
    params(("id" = Uuid, Path), CrackParameters),
    responses((status = 200, content_type = "application/geo+json", body = Object),
        (status = "4XX", body = ApiError, content_type = "application/problem+json")))]
pub async fn cracks_geojson(
    state: web::Data<WebState>,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let found = found(&state, &path, &request).await?;
    let mut content = Vec::new();
    let camera = camera_position(&found.measured.capture);
    geojson::write(&mut content, &found.prediction.file_name, &found.inspection.survey, camera)
        .map_err(ApiError::internal)?;
    Ok(file(content, "application/geo+json", &download_name(&found.prediction, "cracks.geojson")))
}

/// The cracks as a drawing: in millimetres with a scale, else in pixels.
#[utoipa::path(get, path = "/api/v1/predictions/{id}/cracks.dxf", tag = "measurements",
    params(("id" = Uuid, Path), CrackParameters),
    responses((status = 200, content_type = "image/vnd.dxf", body = String),
        (status = "4XX", body = ApiError, content_type = "application/problem+json")))]
pub async fn cracks_dxf(
    state: web::Data<WebState>,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let found = found(&state, &path, &request).await?;
    let mut content = Vec::new();
    dxf::write(&mut content, &found.measured.survey, found.scale.as_ref()).map_err(ApiError::internal)?;
    Ok(file(content, "image/vnd.dxf", &download_name(&found.prediction, "cracks.dxf")))
}

fn file(content: Vec<u8>, media_type: &str, name: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .body(content)
}

/// How cracks are asked for.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query in OpenAPI")]
pub struct CrackParameters {
    /// 0 to 1 instead of the model's own.
    threshold: Option<f32>,
    /// Millimetres on the surface for one pixel, 0.001 to 1000.
    mm_per_px: Option<f64>,
    /// Distance from the camera to the surface in metres, 0.01 to 1000.
    distance_m: Option<f64>,
    /// Column of the first of two points, in pixels.
    x1: Option<f64>,
    /// Row of the first of two points, in pixels.
    y1: Option<f64>,
    /// Column of the second of two points, in pixels.
    x2: Option<f64>,
    /// Row of the second of two points, in pixels.
    y2: Option<f64>,
    /// How far the two points are apart on the surface, in millimetres.
    distance_mm: Option<f64>,
    /// Id of a standard, or `ID/ROW`, instead of the one in the settings; empty for none.
    standard: Option<String>,
}
