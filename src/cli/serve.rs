//! `hairline serve`

use std::net::SocketAddr;

use clap::Args;
use tokio::signal;

use super::{Common, Outcome, block_on, limit_threads, print};
use crate::app::Application;
use crate::telemetry::logs;

#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    common: Common,
    /// Where to listen [default: 127.0.0.1:8000].
    #[arg(long, value_name = "HOST:PORT")]
    addr: Option<SocketAddr>,
    /// Name or file of the model that answers.
    #[arg(long)]
    model: Option<String>,
}

pub fn run(args: &ServeArgs) -> anyhow::Result<Outcome> {
    let overrides = [
        ("server.addr", args.addr.map(|addr| addr.to_string().into())),
        ("model.active", args.model.clone().map(Into::into)),
    ];
    let settings = args.common.settings(&overrides)?;
    logs::start(&settings.log)?;
    limit_threads(settings.inference.threads)?;
    block_on(async {
        let application = Application::build(settings).await?;
        print(&format!("Hairline {} is at http://{}", env!("CARGO_PKG_VERSION"), application.addr))?;
        application.run(asked_to_stop()).await?;
        Ok(Outcome::Done)
    })
}

/// Ctrl-C, or the signal that service managers send. A second Ctrl-C ends the process at once.
async fn asked_to_stop() {
    #[cfg(unix)]
    {
        let Ok(mut terminate) = signal::unix::signal(signal::unix::SignalKind::terminate()) else { return };
        tokio::select! {
            _ = signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = signal::ctrl_c().await;
    tokio::spawn(async {
        if signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    });
}
