//! Queues what a training tells, and sends it beside the training.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use super::TrackingError;
use super::entry::Entry;
use super::mlflow::Server;
use super::outbox::Outbox;
use super::push::{Pushed, push};

/// When what could not be sent is tried again, if the training tells nothing before.
const RETRY: Duration = Duration::from_secs(60);

/// One run, being recorded.
///
/// Nothing that the server does or does not do is an error here, and nothing waits for it but [`Recorder::close`].
#[derive(Debug)]
pub struct Recorder {
    outbox: Outbox,
    run: Uuid,
    /// Whether all was told before.
    over: bool,
    more: Sender<()>,
    last: Receiver<Result<Pushed, TrackingError>>,
}

impl Recorder {
    /// Records `run`, called `title`, and begins to send what waits, also of earlier runs.
    ///
    /// # Errors
    /// If the queue cannot be used.
    pub fn start(outbox: Outbox, server: Server, run: Uuid, title: &str) -> Result<Self, TrackingError> {
        outbox.begin(run, title)?;
        let over = outbox.run(run)?.is_some_and(|run| run.finished);
        let (more, told) = mpsc::channel();
        let (answer, last) = mpsc::channel();
        let sender = Sending { outbox: outbox.clone(), server };
        thread::Builder::new().name("tracking".into()).spawn(move || {
            let _ = answer.send(sender.run(&told));
        })?;
        Ok(Self { outbox, run, over, more, last })
    }

    /// Queues an entry; of those with one name only the first is told.
    ///
    /// # Errors
    /// If the queue fails.
    pub fn queue(&self, name: &str, entry: &Entry) -> Result<(), TrackingError> {
        self.unless_over(|| self.outbox.queue(self.run, name, entry))
    }

    /// Queues a file for `folder` among the run's files.
    ///
    /// # Errors
    /// If the queue fails.
    pub fn queue_file(&self, folder: &str, name: &str, content: Bytes) -> Result<(), TrackingError> {
        self.unless_over(|| self.outbox.queue_file(self.run, folder, name, content))
    }

    /// Notes that all is told, and which model the run made.
    ///
    /// # Errors
    /// If the queue fails.
    pub fn finish(&self, model_sha256: &str) -> Result<(), TrackingError> {
        self.unless_over(|| self.outbox.finish(self.run, model_sha256))
    }

    fn unless_over(&self, queue: impl FnOnce() -> Result<(), TrackingError>) -> Result<(), TrackingError> {
        if !self.over {
            queue()?;
            // The thread is gone only if the queue failed it; then the next push sends this.
            let _ = self.more.send(());
        }
        Ok(())
    }

    /// Waits until all is sent or cannot be, but no longer than `patience`; none: it is still being sent.
    ///
    /// # Errors
    /// If the queue fails.
    pub fn close(self, patience: Duration) -> Result<Option<Pushed>, TrackingError> {
        drop(self.more);
        match self.last.recv_timeout(patience) {
            Ok(pushed) => {
                self.outbox.close();
                pushed.map(Some)
            }
            Err(_) => Ok(None),
        }
    }
}

/// The thread that sends.
struct Sending {
    outbox: Outbox,
    server: Server,
}

impl Sending {
    /// Sends whenever there is more, and a last time when there will be no more.
    fn run(&self, more: &Receiver<()>) -> Result<Pushed, TrackingError> {
        loop {
            push(&self.outbox, &self.server)?;
            if more.recv_timeout(RETRY) == Err(RecvTimeoutError::Disconnected) {
                return push(&self.outbox, &self.server);
            }
            // However much was told meanwhile, it is sent at once.
            while more.try_recv().is_ok() {}
        }
    }
}
