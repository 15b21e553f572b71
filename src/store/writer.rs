//! The one writer of the database, with group commit.
//!
//! SQLite has one write lock, and a commit costs a disk flush. Writes that
//! arrive while a flush is under way share the next one.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sqlx::{Connection, SqliteConnection, SqlitePool};
use tokio::sync::{Notify, mpsc, oneshot};

use super::StoreError;

/// Writes that wait for a commit.
const QUEUE: usize = 256;

/// What happens in one transaction, perhaps together with others.
///
/// It may run twice: where another of the same commit fails, each is tried alone. A refusal that leaves everything as it
/// was is an output; an error undoes the transaction.
pub trait Write: Send + Sync + 'static {
    /// What the caller learns once it is on disk.
    type Output: Send + 'static;

    /// Changes rows.
    fn apply<'a>(&'a self, db: &'a mut SqliteConnection) -> BoxFuture<'a, Result<Self::Output, StoreError>>;
}

/// A write of any kind, with the place where its caller waits.
trait Command: Send {
    fn apply<'a>(&'a mut self, db: &'a mut SqliteConnection) -> BoxFuture<'a, Result<(), StoreError>>;
    fn reply(self: Box<Self>, result: Result<(), StoreError>);
}

struct Waiting<W: Write> {
    write: W,
    output: Option<W::Output>,
    reply: oneshot::Sender<Result<W::Output, StoreError>>,
}

impl<W: Write> Command for Waiting<W> {
    fn apply<'a>(&'a mut self, db: &'a mut SqliteConnection) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.output = Some(self.write.apply(db).await?);
            Ok(())
        })
    }

    fn reply(self: Box<Self>, result: Result<(), StoreError>) {
        let Self { output, reply, .. } = *self;
        let _ = reply.send(result.and_then(|()| output.ok_or(StoreError::Closed)));
    }
}

/// Takes the write lock and changes nothing.
struct Check;

impl Write for Check {
    type Output = ();

    fn apply<'a>(&'a self, _: &'a mut SqliteConnection) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}

/// Sends writes to the task that owns the write lock.
#[derive(Clone)]
pub struct Writer {
    commands: mpsc::Sender<Box<dyn Command>>,
    changed: Arc<Notify>,
}

impl Writer {
    /// Starts the task; it ends when all senders are gone.
    pub fn start(pool: SqlitePool) -> Self {
        let (commands, receiver) = mpsc::channel(QUEUE);
        let changed = Arc::new(Notify::new());
        tokio::spawn(run(pool, receiver, Arc::clone(&changed)));
        Self { commands, changed }
    }

    /// Does `write`; when this returns, it survives a crash.
    pub async fn write<W: Write>(&self, write: W) -> Result<W::Output, StoreError> {
        let (reply, answer) = oneshot::channel();
        let waiting = Waiting { write, output: None, reply };
        self.commands.send(Box::new(waiting)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Waits for a commit; one since the last call counts.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    pub async fn check(&self) -> Result<(), StoreError> {
        self.write(Check).await
    }

    /// Waits until everything sent so far is committed.
    pub async fn close(&self) {
        let _ = self.check().await;
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Writer")
    }
}

async fn run(pool: SqlitePool, mut commands: mpsc::Receiver<Box<dyn Command>>, changed: Arc<Notify>) {
    let mut batch = Vec::with_capacity(QUEUE);
    while commands.recv_many(&mut batch, QUEUE).await > 0 {
        if commit(&pool, &mut batch).await.is_ok() {
            for command in batch.drain(..) {
                command.reply(Ok(()));
            }
            changed.notify_one();
            continue;
        }
        // One bad write must not take its neighbours down: try each alone.
        for mut command in batch.drain(..) {
            let result = commit(&pool, std::slice::from_mut(&mut command)).await;
            command.reply(result);
        }
        changed.notify_one();
    }
}

async fn commit(pool: &SqlitePool, batch: &mut [Box<dyn Command>]) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await?;
    let committed = transact(&mut connection, batch).await;
    if committed.is_err() {
        // On a full disk SQLite undoes a transaction by itself, and sqlx, which counts it as open, would begin no other.
        let _ = connection.close().await;
    }
    committed
}

async fn transact(db: &mut SqliteConnection, batch: &mut [Box<dyn Command>]) -> Result<(), StoreError> {
    let mut transaction = db.begin_with("BEGIN IMMEDIATE").await?;
    for command in batch {
        command.apply(&mut transaction).await?;
    }
    transaction.commit().await?;
    Ok(())
}
