//! Query strings: every parameter known, every value checked.

use std::fmt::Display;
use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;

use super::ApiError;

/// The parameters of a request.
#[derive(Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the query of `request`; only `known` names may occur, each once.
    ///
    /// # Errors
    /// 400 if a name is unknown or given twice.
    pub fn read(request: &HttpRequest, known: &[&str]) -> Result<Self, ApiError> {
        let pairs = actix_web::web::Query::<Vec<(String, String)>>::from_query(request.query_string())
            .map_err(|_| invalid("query", "it is not a query string", json!({ "parameters": known })))?
            .into_inner();
        for (i, (name, _)) in pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let detail = format!("there is no parameter `{name}`");
                return Err(invalid(name, &detail, json!({ "parameters": known })));
            }
            if pairs[..i].iter().any(|(earlier, _)| earlier == name) {
                return Err(invalid(name, "it is given twice", json!({ "times": 1 })));
            }
        }
        Ok(Self(pairs))
    }

    /// The raw value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// A number from 0 to 1.
    ///
    /// # Errors
    /// 400 if it is another.
    pub fn ratio(&self, name: &str) -> Result<Option<f32>, ApiError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse::<f32>() {
            Ok(value) if (0.0..=1.0).contains(&value) => Ok(Some(value)),
            _ => Err(invalid(name, &format!("`{text}` is not a number from 0 to 1"), json!({ "min": 0, "max": 1 }))),
        }
    }

    /// As [`Self::ratio`], exactly; an empty value is none.
    ///
    /// # Errors
    /// 400 if it is another.
    pub fn exact_ratio(&self, name: &str) -> Result<Option<f64>, ApiError> {
        let Some(text) = self.get(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        match text.parse::<f64>() {
            Ok(value) if (0.0..=1.0).contains(&value) => Ok(Some(value)),
            _ => Err(invalid(name, &format!("`{text}` is not a number from 0 to 1"), json!({ "min": 0, "max": 1 }))),
        }
    }

    /// A day or a time, as the Unix milliseconds at which it begins and ends; a time ends where it begins.
    ///
    /// # Errors
    /// 400 if it is neither.
    pub fn time(&self, name: &str) -> Result<Option<(i64, i64)>, ApiError> {
        let Some(text) = self.get(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        let midnight = |day: Date| day.to_zoned(TimeZone::UTC).map(|start| start.timestamp().as_millisecond());
        let day = text.parse::<Date>().and_then(|day| Ok((midnight(day)?, midnight(day.tomorrow()?)?)));
        let exact = || text.parse::<Timestamp>().map(|time| (time.as_millisecond(), time.as_millisecond()));
        // What parses as a day may still be a time: the day of 2026-01-31T08:00:00Z.
        let found = if text.contains('T') { exact() } else { day };
        let expected = "a day such as 2026-01-31 or a time such as 2026-01-31T08:00:00Z";
        let wrong = |_| invalid(name, &format!("`{text}` is not {expected}"), json!({ "expected": expected }));
        found.map(Some).map_err(wrong)
    }

    /// As [`Self::parse`]; an empty value, which a form sends for what was not filled in, is none.
    ///
    /// # Errors
    /// 400 with what is expected.
    pub fn given<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, ApiError> {
        if self.get(name).is_some_and(str::is_empty) { Ok(None) } else { self.parse(name) }
    }

    /// A number; its range is the caller's to check.
    ///
    /// # Errors
    /// 400 if it is none.
    pub fn number(&self, name: &str) -> Result<Option<f64>, ApiError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let number = text.parse::<f64>().ok().filter(|value| value.is_finite());
        let wrong = || invalid(name, &format!("`{text}` is not a number"), json!({ "expected": "a number" }));
        number.ok_or_else(wrong).map(Some)
    }

    /// A value of one of the words in `allowed`.
    ///
    /// # Errors
    /// 400 if it is another.
    pub fn choice<T: Copy>(&self, name: &str, allowed: &[(&str, T)]) -> Result<Option<T>, ApiError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match allowed.iter().find(|(word, _)| *word == text) {
            Some((_, value)) => Ok(Some(*value)),
            None => {
                let words: Vec<&str> = allowed.iter().map(|(word, _)| *word).collect();
                Err(invalid(
                    name,
                    &format!("`{text}` is not one of: {}", words.join(", ")),
                    json!({ "allowed": words }),
                ))
            }
        }
    }

    /// A value that parses.
    ///
    /// # Errors
    /// 400 with what is expected.
    pub fn parse<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, ApiError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let error = |e: T::Err| invalid(name, &format!("`{text}` is not {e}"), json!({ "expected": e.to_string() }));
        text.parse().map(Some).map_err(error)
    }
}

/// A refusal of parameter `name`.
pub fn invalid(name: &str, detail: &str, limit: serde_json::Value) -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "invalid_parameter",
        "A parameter is wrong",
        format!("Parameter `{name}`: {detail}."),
    )
    .field(format!("query.{name}"))
    .limit(limit)
}
