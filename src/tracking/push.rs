//! Sends what waits, in order; what was sent is noted before the next is.

use super::TrackingError;
use super::entry::Entry;
use super::mlflow::Server;
use super::outbox::{Outbox, entry_error};
use crate::digest::sha256_hex;
use crate::store::{ServerRun, TrackedRun, WaitingEntry};

/// What came of sending.
#[derive(Debug, Default)]
pub struct Pushed {
    /// Entries that the server took.
    pub sent: usize,
    /// Entries that wait on.
    pub left: usize,
    /// Why; each with the name of its run, where it concerns one.
    pub problems: Vec<String>,
}

/// Sends all that waits; a run that is refused does not hold up the next, a server that does not answer does.
///
/// # Errors
/// If the queue cannot be read.
pub fn push(outbox: &Outbox, server: &Server) -> Result<Pushed, TrackingError> {
    let _lock = outbox.lock()?;
    let mut pushed = Pushed::default();
    for run in outbox.waiting()? {
        match push_run(outbox, server, &run, &mut pushed.sent) {
            Ok(()) => {}
            Err(error) if error.concerns_one_run() => {
                pushed.problems.push(format!("{} ({}): {error}", run.title, run.id));
            }
            Err(error) => {
                pushed.problems.push(error.to_string());
                break;
            }
        }
    }
    for run in outbox.waiting()? {
        pushed.left += outbox.waiting_of(run.id)?.len();
    }
    Ok(pushed)
}

fn push_run(outbox: &Outbox, server: &Server, run: &TrackedRun, sent: &mut usize) -> Result<(), TrackingError> {
    let mut known = run.server.clone();
    if let Some(known) = known.as_ref().filter(|known| known.uri != server.uri()) {
        return Err(TrackingError::OtherServer(known.uri.clone()));
    }
    loop {
        let waiting = outbox.waiting_of(run.id)?;
        if waiting.is_empty() {
            return Ok(());
        }
        for entry in &waiting {
            let told: Entry =
                serde_json::from_str(&entry.payload).map_err(|source| entry_error(&entry.name, source))?;
            match (&told, &known) {
                (Entry::Begin(begin), None) => {
                    let server_run = server.run(run.id, begin)?;
                    outbox.name(run.id, &server_run)?;
                    known = Some(server_run);
                }
                (_, Some(known)) => send(server, known, &told, entry)?,
                (_, None) => return Err(TrackingError::Damaged(entry.name.clone())),
            }
            outbox.sent(run.id, &entry.name)?;
            *sent += 1;
        }
    }
}

fn send(server: &Server, run: &ServerRun, told: &Entry, entry: &WaitingEntry) -> Result<(), TrackingError> {
    match told {
        // The answer was noted, but not that it was sent.
        Entry::Begin(_) => Ok(()),
        Entry::Log(log) => server.log(run, log),
        Entry::Version(version) => server.version(run, version),
        Entry::Status(status) => server.status(run, status),
        Entry::File(file) => {
            let path = entry.file.as_ref().ok_or_else(|| TrackingError::Damaged(file.path.clone()))?;
            let content = fs_err::read(path)?;
            if sha256_hex(&content) != file.sha256 {
                return Err(TrackingError::Damaged(file.path.clone()));
            }
            server.file(run, &file.path, &content)
        }
    }
}
