//! `/api/v1/export` and `/api/v1/import`: labels with their photographs as a zip file that is never whole in memory.

use std::io::{self, BufWriter, Write};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE, ContentEncoding};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::pictures::blocking;
use crate::exchange::{ExchangeError, Format, ImportLimits, Imported, MAX_JSON_BYTES, export, import};
use crate::store::StoreError;
use crate::web::guard::actor;
use crate::web::query::Query;
use crate::web::{ApiError, WebState};

/// Bytes of a piece, and pieces that wait for a slow client.
const PIECE: usize = 1 << 16;
const PIECES: usize = 8;
/// Longest silence of a client that sends.
const SILENCE: Duration = Duration::from_secs(60);

const FORMATS: [(&str, Format); 2] = [("folders", Format::Folders), ("coco", Format::Coco)];

/// All labels with their photographs, as a zip file.
///
/// `folders` holds `images/`, `masks/` and `labels.json`; `coco` holds `images/` and `annotations.json`, in which a region is a
/// polygon along its pixels or, where it has holes, run lengths. Of each photograph the newest label is written; what was
/// withdrawn or rejected stays out. `state` says which may train.
#[utoipa::path(get, path = "/api/v1/export", tag = "labels",
    params(("format" = Option<String>, Query, description = "`folders` (unless given) or `coco`")),
    responses((status = 200, content_type = "application/zip", body = Vec<u8>),
        (status = "4XX", body = ApiError, content_type = "application/problem+json")))]
pub async fn export_labels(state: web::Data<WebState>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let format = Query::read(&request, &["format"])?.choice("format", &FORMATS)?.unwrap_or(Format::Folders);
    let (pieces, receiver) = mpsc::channel(PIECES);
    let (store, runtime) = (state.store.clone(), state.runtime.clone());
    let write = move || {
        let failed = pieces.clone();
        let out = BufWriter::with_capacity(PIECE, Pieces(pieces));
        if let Err(error) = export(&store, &runtime, format, out)
            && !failed.is_closed()
        {
            tracing::error!(%error, "labels could not be exported");
            // Without its end the client sees that the file is not whole.
            let _ = failed.blocking_send(Err(io::Error::other("the export failed")));
        }
    };
    state.background.spawn_blocking_on(write, &state.runtime);
    let body = stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
    Ok(HttpResponse::Ok()
        .content_type("application/zip")
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"hairline-labels.zip\""))
        .insert_header((CONTENT_ENCODING, ContentEncoding::Identity))
        .streaming(body))
}

/// Hands on what is written; waits while the client is slow.
struct Pieces(mpsc::Sender<io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = Bytes::copy_from_slice(bytes);
        self.0.blocking_send(Ok(piece)).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Brings in a zip file of labels with their photographs: `images/` and `masks/`, or photographs and a COCO file.
///
/// What is here already stays as it is, so it does no harm to send a file again. Labels are looked at before they may train.
#[utoipa::path(post, path = "/api/v1/import", tag = "labels",
    request_body(content = Vec<u8>, content_type = "application/zip"),
    responses((status = 200, body = Imported),
        (status = "4XX", description = "The first thing that is wrong; what came before it was brought in", body = ApiError, content_type = "application/problem+json"),
        (status = 507, description = "The disk is full", body = ApiError, content_type = "application/problem+json")))]
pub async fn import_labels(
    state: web::Data<WebState>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<web::Json<Imported>, ApiError> {
    Query::read(&request, &[])?;
    let given = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let allowed = ["application/zip", "application/x-zip-compressed", "application/octet-stream"];
    if !allowed.contains(&given) {
        let detail = "The body must be a zip file, with Content-Type: application/zip.";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "expected_zip", "Not a zip file", detail)
            .field("header.Content-Type")
            .limit(json!({ "allowed": allowed })));
    }
    let server = &state.settings.server;
    let max_bytes = server.max_import_bytes();
    let file = receive(&state, body, max_bytes).await?;
    let limits = ImportLimits {
        unpacked_bytes: max_bytes,
        file_bytes: server.max_upload_bytes(),
        pixels: state.predictor.limits(),
    };
    let (store, runtime, actor) = (state.store.clone(), state.runtime.clone(), actor(&request));
    let work = move || Ok(import(&store, &runtime, file, limits, &actor)?);
    Ok(web::Json(blocking(work).await?))
}

/// The body in a file without a name, which is gone with the request.
async fn receive(state: &WebState, mut body: web::Payload, max_bytes: u64) -> Result<std::fs::File, ApiError> {
    let _place = state.uploads.acquire().await.map_err(ApiError::internal)?;
    let directory = state.store.directory().to_owned();
    let file = blocking(move || tempfile::tempfile_in(directory).map_err(failed)).await?;
    let mut file = tokio::fs::File::from_std(file);
    let mut left = max_bytes;
    loop {
        let chunk = timeout(SILENCE, body.next()).await.map_err(|_| too_slow())?;
        let Some(chunk) = chunk else { break };
        let chunk = chunk.map_err(|error| {
            let detail = format!("The body did not arrive whole: {error}.");
            ApiError::new(StatusCode::BAD_REQUEST, "malformed_body", "The body cannot be read", detail).field("body")
        })?;
        left = left.checked_sub(chunk.len() as u64).ok_or_else(|| {
            let detail = format!("The archive is larger than {} MB.", max_bytes / 1_000_000);
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The upload is too large", detail)
                .field("body")
                .limit(json!({ "max_bytes": max_bytes }))
        })?;
        file.write_all(&chunk).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    Ok(file.into_std().await)
}

fn failed(error: io::Error) -> ApiError {
    StoreError::Io(error).into()
}

fn too_slow() -> ApiError {
    let detail = "Nothing came for a minute.";
    ApiError::new(StatusCode::REQUEST_TIMEOUT, "upload_too_slow", "The upload took too long", detail)
        .limit(json!({ "max_seconds": SILENCE.as_secs() }))
}

impl From<ExchangeError> for ApiError {
    fn from(error: ExchangeError) -> Self {
        let detail = format!("{error}.");
        let new = |status, code, title| Self::new(status, code, title, detail.clone()).field("body");
        let unusable = |code, title| new(StatusCode::UNPROCESSABLE_ENTITY, code, title);
        let large = |code, title| new(StatusCode::PAYLOAD_TOO_LARGE, code, title);
        match error {
            ExchangeError::Archive(_) => unusable("corrupt_archive", "The archive is damaged")
                .limit(json!({ "required": "an undamaged zip file without encryption" })),
            ExchangeError::TooManyFiles { max, .. } => {
                large("too_many_files", "Too many files").limit(json!({ "max_files": max }))
            }
            ExchangeError::UnsafeName(_) => unusable("unsafe_file_name", "A file name leads out of the archive")
                .limit(json!({ "required": "names below the archive, without `..`" })),
            ExchangeError::FileTooLarge { file, max_bytes } => {
                let limit = json!({ "max_bytes": max_bytes, "max_json_bytes": MAX_JSON_BYTES });
                large("file_too_large", "A file is too large").field(file).limit(limit)
            }
            ExchangeError::TooLarge { max_bytes } => {
                large("archive_too_large", "The archive is too large").limit(json!({ "max_unpacked_bytes": max_bytes }))
            }
            ExchangeError::Layout(_) => unusable("unknown_layout", "The archive cannot be understood")
                .limit(json!({ "formats": FORMATS.map(|(name, _)| name) })),
            ExchangeError::Photo { file, source } | ExchangeError::Mask { file, source } => {
                let mut problem = Self::from(source);
                problem.detail = detail;
                problem.field(file)
            }
            ExchangeError::Coco { file, .. } => unusable("invalid_coco", "The COCO file is wrong")
                .field(file)
                .limit(json!({ "segmentation": ["polygons", "run lengths"] })),
            ExchangeError::Store(error) => error.into(),
            ExchangeError::Io(error) => StoreError::Io(error).into(),
        }
    }
}
