//! `hairline labels`

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use tempfile::NamedTempFile;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::{Common, Outcome, block_on, print};
use crate::app;
use crate::domain::LOCAL_ACTOR;
use crate::exchange::{self, ImportLimits};
use crate::settings::Settings;
use crate::store::Store;

#[derive(Debug, Args)]
pub struct LabelsArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Writes all labels with their photographs into a zip file.
    Export {
        /// The zip file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// How they are laid out in it.
        #[arg(long, value_enum, default_value = "folders")]
        format: Format,
    },
    /// Brings in a zip file of labels with their photographs.
    Import {
        /// The zip file: `images/` and `masks/`, or photographs and a COCO file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Who stands on the labels.
        #[arg(long, value_name = "NAME", default_value = LOCAL_ACTOR)]
        actor: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// `images/`, `masks/` and `labels.json`.
    Folders,
    /// `images/` and `annotations.json`.
    Coco,
}

pub fn run(args: &LabelsArgs) -> anyhow::Result<Outcome> {
    let settings = args.common.settings(&[])?;
    block_on(async {
        let store = Store::open(&settings.store.directory).await?;
        let done = match &args.action {
            Action::Export { file, format } => export(&store, file, *format).await,
            Action::Import { file, actor } => import(&store, &settings, file, actor).await,
        };
        store.close().await;
        done.map(|()| Outcome::Done)
    })
}

/// The file appears under its name once it is whole.
async fn export(store: &Store, file: &Path, format: Format) -> anyhow::Result<()> {
    let format = match format {
        Format::Folders => exchange::Format::Folders,
        Format::Coco => exchange::Format::Coco,
    };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut unfinished = NamedTempFile::new_in(folder).with_context(|| file.display().to_string())?;
    let (store, handle) = (store.clone(), Handle::current());
    let work = move || {
        let exported = exchange::export(&store, &handle, format, BufWriter::new(unfinished.as_file_mut()))?;
        anyhow::Ok((unfinished, exported))
    };
    let (finished, exported) = spawn_blocking(work).await??;
    finished.persist(file)?;
    Ok(print(&format!("{}\t{} labels", file.display(), exported.labels))?)
}

async fn import(store: &Store, settings: &Settings, file: &Path, actor: &str) -> anyhow::Result<()> {
    let archive = fs_err::File::open(file)?.into_parts().0;
    let server = &settings.server;
    let limits = ImportLimits {
        unpacked_bytes: server.max_import_bytes(),
        file_bytes: server.max_upload_bytes(),
        pixels: server.decode_limits(),
    };
    let (handle, shared, actor) = (Handle::current(), store.clone(), actor.to_owned());
    let work = move || exchange::import(&shared, &handle, archive, limits, &actor);
    let imported = spawn_blocking(work).await?.with_context(|| file.display().to_string())?;
    app::keeper(settings, store).catch_up().await?;
    print(&serde_json::to_string(&imported)?)?;
    let quarantined = store.review_counts(0).await?.quarantined;
    if quarantined > 0 {
        super::complain(&format!("{quarantined} labels are in quarantine; look at them on the page /review"));
    }
    Ok(())
}
