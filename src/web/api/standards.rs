//! `GET /api/v1/standards`: the standards that widths can be placed in.

use actix_web::web;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::measure::Standard;
use crate::report::CAVEAT;
use crate::web::query::{Query, invalid};
use crate::web::{ApiError, WebState};

/// All standards, and the one that is used where none is asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandardsAnswer {
    /// Id of the standard in the settings, or `ID/ROW`; empty for none.
    default: String,
    /// What their classes are not.
    caveat: &'static str,
    /// The standards.
    standards: Vec<Standard>,
}

/// Crack widths in standards, as context for the reader.
#[utoipa::path(get, path = "/api/v1/standards", tag = "measurements",
    responses((status = 200, body = StandardsAnswer)))]
pub async fn standards(state: web::Data<WebState>) -> web::Json<StandardsAnswer> {
    let standards = state.standards.iter().cloned().collect();
    web::Json(StandardsAnswer { default: state.settings.inspection.standard.clone(), caveat: CAVEAT, standards })
}

/// The standard that `query` asks for, or that of the settings.
///
/// # Errors
/// 400 if there is none of this id.
pub fn asked_standard(state: &WebState, query: &Query) -> Result<Option<Standard>, ApiError> {
    let asked = query.get("standard").unwrap_or(&state.settings.inspection.standard);
    state.standards.choose_if_asked(asked).map_err(|error| {
        let known: Vec<&str> = state.standards.iter().map(|standard| standard.id.as_str()).collect();
        invalid("standard", &error.to_string(), json!({ "allowed": known }))
    })
}
