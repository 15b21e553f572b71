//! Builds everything from settings, and takes it down in the right order.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::web::Data;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::{interval, timeout};
use tokio_util::task::TaskTracker;

use crate::measure::{Standard, Standards, StandardsError};
use crate::net::Model;
use crate::registry::{self, RegistryError};
use crate::review::Keeper;
use crate::segment::{Segmenter, TileSettings};
use crate::serving::{Predictor, PredictorSettings, adopt_old};
use crate::settings::{Inference, Settings};
use crate::store::{Recent, Retention, Store, StoreError, look_after};
use crate::telemetry::metrics::{Exporter, publish_model};
use crate::web::{self, PageJobs, WebState};

/// Request bodies that are read into memory at once.
const UPLOADS_AT_ONCE: usize = 8;
/// How often recorded samples move into their buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// Why Hairline cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No model.
    #[error("the model cannot be loaded: {0}")]
    Model(#[from] RegistryError),
    /// No such standard, or a file of standards that is wrong.
    #[error("section [inspection] of the settings: {0}")]
    Standards(#[from] StandardsError),
    /// No store.
    #[error("the store cannot be opened: {0}")]
    Store(#[from] StoreError),
    /// The port is taken, or not ours.
    #[error("cannot listen on {addr}: {source}{}", if source.kind() == io::ErrorKind::AddrInUse { "; choose another with --addr" } else { "" })]
    Listen {
        /// Where.
        addr: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// Anybody could use it.
    #[error(
        "{0} can be reached from other machines, and there is no token; make one with `hairline token create NAME`"
    )]
    NoToken(SocketAddr),
    /// Metrics cannot be recorded.
    #[error("metrics cannot be recorded: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
    /// The system refused something else.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A server that listens and is not running yet.
pub struct Application {
    server: Server,
    state: Data<WebState>,
    keeper: Keeper,
    /// Where it listens.
    pub addr: SocketAddr,
}

/// Loads the model that the settings choose.
///
/// # Errors
/// If there is none, or it is damaged.
pub fn load_model(settings: &Settings) -> Result<Arc<Model>, RegistryError> {
    registry::load(&settings.model.active, &settings.model.directory)
}

/// All standards, and the one that the settings choose.
///
/// # Errors
/// If the file of the settings is not there or wrong, or the standard is unknown.
pub fn load_standards(settings: &Settings) -> Result<(Standards, Option<Standard>), StandardsError> {
    let standards = Standards::load(settings.inspection.standards_file())?;
    let chosen = standards.choose_if_asked(&settings.inspection.standard)?;
    Ok((standards, chosen))
}

/// How the settings cut photographs.
pub fn tile_settings(settings: &Settings) -> TileSettings {
    let Inference { tile, overlap, mirror, .. } = settings.inference;
    TileSettings { tile, overlap, mirror }
}

/// Looks at labels and photographs as the settings say.
pub fn keeper(settings: &Settings, store: &Store) -> Keeper {
    Keeper::new(store.clone(), settings.server.decode_limits(), settings.review.evaluation_data.clone())
}

impl Application {
    /// Loads the model, opens the store, and listens.
    ///
    /// # Errors
    /// The first thing that is missing.
    pub async fn build(settings: Settings) -> Result<Self, StartError> {
        let exporter = Exporter::install()?;
        let (standards, _) = load_standards(&settings)?;
        let listener = listen(settings.server.addr)?;
        let addr = listener.local_addr()?;
        let segmenter = Segmenter::new(load_model(&settings)?, tile_settings(&settings));
        let store = Store::open(&settings.store.directory).await?;
        let token_required = !addr.ip().is_loopback();
        if token_required && !store.list_tokens().await?.iter().any(|token| token.revoked_ms.is_none()) {
            return Err(StartError::NoToken(addr));
        }
        let recent =
            Arc::new(Recent::open(&settings.store.directory.join("recent"), settings.store.recent_mb * 1_000_000)?);
        let limits = PredictorSettings {
            limits: settings.server.decode_limits(),
            queue_photos: settings.inference.queue_photos,
            queue_pixels: settings.inference.queue_megapixels * 1_000_000,
        };
        let predictor = Predictor::start(segmenter, (Arc::clone(&recent), store.clone()), limits)?;
        publish_model(&predictor.model_name());
        let keeper = keeper(&settings, &store);
        let state = Data::new(WebState {
            predictor: Arc::new(predictor),
            recent,
            store,
            standards,
            settings,
            exporter,
            token_required,
            uploads: Semaphore::new(UPLOADS_AT_ONCE),
            jobs: Arc::new(PageJobs::default()),
            background: TaskTracker::new(),
            runtime: Handle::current(),
        });
        Ok(Self { server: web::start(listener, state.clone())?, state, keeper, addr })
    }

    /// Serves until `stop` is there, then finishes what is running.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn run(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let handle = self.server.handle();
        let exporter = self.state.exporter;
        let upkeep = tokio::spawn(async move {
            let mut ticks = interval(UPKEEP);
            loop {
                ticks.tick().await;
                exporter.upkeep();
            }
        });
        let reviewer = self.keeper;
        let reviews = tokio::spawn(async move { reviewer.run().await });
        let keeping = self.state.settings.history.clone();
        let retention = Retention {
            max_days: keeping.max_days,
            max_bytes: keeping.max_mb * 1_000_000,
            deleted_days: keeping.deleted_days,
        };
        let (store, recent) = (self.state.store.clone(), Arc::clone(&self.state.recent));
        let limits = self.state.settings.server.decode_limits();
        let keeper = tokio::spawn(async move {
            adopt_old(&recent, &store, limits).await;
            look_after(store, recent, retention).await;
        });
        let mut server = tokio::spawn(self.server);
        let result = tokio::select! {
            result = &mut server => result,
            () = stop => {
                tracing::info!("finishing what is running");
                handle.stop(true).await;
                server.await
            }
        };
        upkeep.abort();
        reviews.abort();
        keeper.abort();
        let grace = Duration::from_secs(self.state.settings.server.shutdown_seconds);
        self.state.background.close();
        if timeout(grace, self.state.background.wait()).await.is_err() {
            tracing::warn!("some photographs were not finished in time");
        }
        self.state.store.close().await;
        result.map_err(io::Error::other)?
    }
}

fn listen(addr: SocketAddr) -> Result<TcpListener, StartError> {
    let listener = TcpListener::bind(addr).map_err(|source| StartError::Listen { addr, source })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
