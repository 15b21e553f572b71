//! `GET /`: drop a photograph, see its cracks.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{Frame, ShownModel, html};
use crate::synth::samples::SAMPLES;
use crate::vision::decode::FORMATS;
use crate::web::{ApiError, WebState};

#[derive(Template)]
#[template(path = "index.html")]
struct HomePage {
    version: &'static str,
    model: ShownModel,
    samples: Vec<ShownSample>,
    limits: ShownLimits,
    formats: &'static str,
}

struct ShownSample {
    name: &'static str,
    title: &'static str,
    alt: &'static str,
    thumb_url: String,
}

struct ShownLimits {
    max_upload_mb: u64,
    max_megapixels: u64,
}

/// The page.
pub async fn home(state: web::Data<WebState>) -> Result<HttpResponse, ApiError> {
    let Frame { version, model } = Frame::new(&state);
    let samples = SAMPLES
        .iter()
        .map(|s| ShownSample {
            name: s.name,
            title: s.title,
            alt: s.alt,
            thumb_url: format!("/assets/samples/{}.thumb.jpg", s.name),
        })
        .collect();
    let server = &state.settings.server;
    let limits = ShownLimits { max_upload_mb: server.max_upload_mb, max_megapixels: server.max_megapixels };
    html(&HomePage { version, model, samples, limits, formats: FORMATS })
}
