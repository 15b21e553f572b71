//! `hairline store`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Common, Outcome, block_on, complain, print};
use crate::store::{Findings, Store};

/// Files that are named one by one; the rest are counted.
const NAMED: usize = 20;

#[derive(Debug, Args)]
pub struct StoreArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Compares rows and files and reads every photograph; 1 if anything is missing or damaged.
    Check,
    /// Writes the whole store into one ZIP file; a server may go on meanwhile.
    Backup {
        /// The file; it must not be there yet.
        file: PathBuf,
    },
    /// Makes the store of a backup; the folder of the settings must be empty or not there.
    Restore {
        /// A file that `backup` wrote.
        file: PathBuf,
    },
}

pub fn run(args: &StoreArgs) -> anyhow::Result<Outcome> {
    let settings = args.common.settings(&[])?;
    let directory = &settings.store.directory;
    block_on(async {
        match &args.action {
            Action::Restore { file } => {
                let findings = Store::restore(file, directory).await?;
                print(&format!("{}: {}", directory.display(), counts(&findings)))?;
                Ok(Outcome::Done)
            }
            Action::Check => {
                let store = open(directory).await?;
                let findings = store.check(true).await?;
                store.close().await;
                tell(&findings)?;
                Ok(if findings.is_sound() { Outcome::Done } else { Outcome::Negative })
            }
            Action::Backup { file } => {
                let store = open(directory).await?;
                let backed_up = store.backup(file).await?;
                store.close().await;
                let megabytes = backed_up.bytes as f64 / 1e6;
                print(&format!("{}: database and {} files, {megabytes:.1} MB", file.display(), backed_up.files))?;
                list("missing in the store, so not in the backup", &backed_up.missing);
                Ok(if backed_up.missing.is_empty() { Outcome::Done } else { Outcome::Negative })
            }
        }
    })
}

/// A store that is there; one is not made by asking for it.
async fn open(directory: &std::path::Path) -> anyhow::Result<Store> {
    anyhow::ensure!(directory.is_dir(), "there is no store in {}", directory.display());
    Ok(Store::open(directory).await?)
}

fn counts(findings: &Findings) -> String {
    let Findings { images, predictions, labels, submissions, .. } = findings;
    format!("{images} photographs, {predictions} predictions, {labels} label versions, {submissions} submissions")
}

fn tell(findings: &Findings) -> std::io::Result<()> {
    print(&counts(findings))?;
    list("missing", &findings.missing);
    list("damaged", &findings.damaged);
    list("database", &findings.database);
    if !findings.left_over.is_empty() {
        let count = findings.left_over.len();
        print(&format!(
            "{count} files belong to no row, as after a crash; a running server removes them after an hour"
        ))?;
    }
    print(if findings.is_sound() { "sound: nothing is missing or damaged" } else { "not sound" })
}

fn list(kind: &str, names: &[String]) {
    for name in names.iter().take(NAMED) {
        complain(&format!("{kind}: {name}"));
    }
    if names.len() > NAMED {
        complain(&format!("{kind}: and {} more", names.len() - NAMED));
    }
}
