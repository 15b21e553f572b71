//! `hairline token`

use clap::{Args, Subcommand};

use super::{Common, Outcome, block_on, date, print};
use crate::store::Store;

#[derive(Debug, Args)]
pub struct TokenArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Makes a token and prints it; it is shown only once.
    Create {
        /// Who will use it; stands as the actor on what is saved with it.
        name: String,
    },
    /// Lists names and dates.
    List,
    /// Makes a token worthless.
    Revoke {
        /// Its name.
        name: String,
    },
}

pub fn run(args: &TokenArgs) -> anyhow::Result<Outcome> {
    let settings = args.common.settings(&[])?;
    block_on(async {
        let store = Store::open(&settings.store.directory).await?;
        match &args.action {
            Action::Create { name } => print(&store.create_token(name).await?)?,
            Action::Revoke { name } => store.revoke_token(name).await?,
            Action::List => {
                for token in store.list_tokens().await? {
                    let state = token.revoked_ms.map_or("valid".into(), |ms| format!("revoked {}", date(ms)));
                    print(&format!("{}\tcreated {}\t{state}", token.name, date(token.created_ms)))?;
                }
            }
        }
        store.close().await;
        Ok(Outcome::Done)
    })
}
