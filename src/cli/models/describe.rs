//! `hairline models list` and `show`

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cli::print;
use crate::digest::sha256_hex;
use crate::net::{ModelMetadata, read_model};
use crate::registry::{self, Place, StoredModel};
use crate::settings::Model as ModelSettings;

/// Digits of a SHA-256 in the list.
const SHORT_SHA256: usize = 12;
/// What stands where a model file does not say something.
const NOT_STATED: &str = "not stated";

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Print everything as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Name or file of the model.
    #[arg(value_name = "MODEL")]
    model: String,
    /// Print everything as JSON.
    #[arg(long)]
    json: bool,
}

/// What is known of a model without running it.
#[derive(Debug, Serialize)]
struct Description {
    /// What `--model` takes.
    name: String,
    /// Whether the settings choose it.
    active: bool,
    /// None for a model in the binary.
    file: Option<PathBuf>,
    /// Of the model file.
    sha256: String,
    /// Numbers that training chose, with the running statistics.
    parameters: Option<usize>,
    metadata: Option<ModelMetadata>,
    /// Why it cannot be used.
    error: Option<String>,
}

impl Description {
    fn new(model: &StoredModel, settings: &ModelSettings) -> Self {
        let (metadata, parameters, error) = match read_model(&model.bytes) {
            Ok((metadata, state)) => (Some(metadata), Some(state.iter().map(|(_, t)| t.data.len()).sum()), None),
            Err(error) => (None, None, Some(error.to_string())),
        };
        let file = match &model.place {
            Place::Binary(_) => None,
            Place::File(path) => Some(path.clone()),
        };
        let chosen = registry::place(&settings.active, &settings.directory);
        Self {
            name: model.name.clone(),
            active: chosen.as_ref() == Some(&model.place),
            file,
            sha256: sha256_hex(&model.bytes),
            parameters,
            metadata,
            error,
        }
    }

    fn place(&self) -> String {
        self.file.as_ref().map_or_else(|| "in the binary".into(), |path| path.display().to_string())
    }
}

pub fn list(args: &ListArgs, settings: &ModelSettings) -> anyhow::Result<()> {
    let models = registry::list(&settings.directory)?;
    let models: Vec<_> = models.iter().map(|model| Description::new(model, settings)).collect();
    if args.json {
        print(&serde_json::to_string_pretty(&models)?)?;
        return Ok(());
    }
    let header = ["", "name", "file", "SHA-256", "base width", "threshold", "licence", "trained on"];
    let rows: Vec<_> = [header.map(String::from)].into_iter().chain(models.iter().map(row)).collect();
    for line in aligned(&rows) {
        print(&line)?;
    }
    Ok(())
}

fn row(model: &Description) -> [String; 8] {
    let star = if model.active { "*" } else { "" };
    let [width, threshold, licence, trained_on] = match &model.metadata {
        Some(m) => [m.base_width.to_string(), m.threshold.to_string(), m.licence.clone(), listed(&m.trained_on)],
        None => ["-".into(), "-".into(), "-".into(), model.error.clone().unwrap_or_default()],
    };
    let sha256 = model.sha256[..SHORT_SHA256].to_owned();
    [star.into(), model.name.clone(), model.place(), sha256, width, threshold, licence, trained_on]
}

/// Lines whose columns stand below each other.
fn aligned(rows: &[[String; 8]]) -> impl Iterator<Item = String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 8] = std::array::from_fn(width);
    rows.iter().map(move |row| {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    })
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { NOT_STATED.into() } else { names.join(", ") }
}

pub fn show(args: &ShowArgs, settings: &ModelSettings) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Shown<'a> {
        #[serde(flatten)]
        description: &'a Description,
        scores: Option<Value>,
    }
    let model = registry::find(&args.model, &settings.directory)?;
    let description = Description::new(&model, settings);
    if let Some(error) = &description.error {
        anyhow::bail!("{}: {error}", model.place);
    }
    let scores = model.scores()?.map(|text| serde_json::from_str::<Value>(&text)).transpose();
    let scores = scores.with_context(|| format!("the scores beside {}", model.place))?;
    if args.json {
        print(&serde_json::to_string_pretty(&Shown { description: &description, scores })?)?;
        return Ok(());
    }
    for (label, value) in facts(&description) {
        print(&format!("{label:<13}{value}"))?;
    }
    print(&format!("{:<13}{}", "scores", scores.map_or_else(|| NOT_STATED.into(), |s| told(&s, &description))))?;
    Ok(())
}

fn facts(model: &Description) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("model", model.name.clone()),
        ("file", model.place()),
        ("SHA-256", model.sha256.clone()),
        ("in use", if model.active { "yes" } else { "no" }.into()),
    ];
    if let (Some(m), Some(parameters)) = (&model.metadata, model.parameters) {
        let colours = |values: [f32; 3]| values.map(|value| value.to_string()).join(", ");
        facts.extend([
            ("name", m.name.clone()),
            ("licence", m.licence.clone()),
            ("trained on", listed(&m.trained_on)),
            ("network", format!("{}, base width {}, {parameters} values", m.architecture, m.base_width)),
            ("input", format!("scale {}, mean {}, std {}", m.input.scale, colours(m.input.mean), colours(m.input.std))),
            ("threshold", m.threshold.to_string()),
            ("temperature", m.temperature.to_string()),
            ("core", if m.core > 0.0 { m.core.to_string() } else { "none".into() }),
            ("parameters", format!("SHA-256 {}", m.parameters_sha256)),
        ]);
    }
    facts
}

/// The validation scores of the epoch whose weights were kept: of the model as it stands, and by folder as trained.
fn told(scores: &Value, model: &Description) -> String {
    #[derive(Deserialize)]
    struct Scores {
        model_sha256: String,
        best: Best,
        calibration: Option<Reached>,
    }
    #[derive(Deserialize)]
    struct Best {
        epoch: u32,
        #[serde(flatten)]
        reached: Reached,
        folders: Vec<Folder>,
    }
    #[derive(Deserialize)]
    struct Reached {
        val_f1: f32,
        threshold: f32,
    }
    #[derive(Deserialize)]
    struct Folder {
        name: String,
        f1: f32,
    }
    let Ok(Scores { model_sha256, best, calibration }) = Scores::deserialize(scores) else {
        return "not in the form that `hairline train` writes; --json shows them".into();
    };
    if model_sha256 != model.sha256 {
        return format!("those beside it are of another model ({})", &model_sha256);
    }
    let folders: Vec<String> = best.folders.iter().map(|folder| format!("{} {:.3}", folder.name, folder.f1)).collect();
    let Reached { val_f1, threshold } = calibration.unwrap_or(best.reached);
    format!(
        "validation F1 {val_f1:.3} at threshold {threshold}, epoch {} ({} as trained)",
        best.epoch,
        folders.join(", ")
    )
}
