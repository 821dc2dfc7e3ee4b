//! `tidegate keys`: through the running server if one has the folder, otherwise in the folder itself.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tidegate_env::Env;
use tidegate_gateway::{AccessKey, AccessKeys};
use tidegate_store::{EmbeddedStore, Options};

use crate::cli::{KeysAction, KeysArgs};
use crate::running::Target;
use crate::{client, folder};

/// Makes, lists or deletes access keys.
///
/// # Errors
/// A folder or server that cannot be reached, an account that is none, a key that does not exist.
pub async fn run(args: &KeysArgs) -> anyhow::Result<ExitCode> {
    let target = Target::find(&args.target);
    if args.target.url.is_some() || target.note.is_some() {
        ask_server(&target, &args.action).await?;
    } else {
        in_folder(&target, &args.action).await?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn ask_server(target: &Target, action: &KeysAction) -> anyhow::Result<()> {
    let key = target.admin_key().or_else(|| std::env::var("TIDEGATE_ADMIN_KEY").ok());
    let key =
        key.context("the admin key is missing: name the server's folder with --data, or set TIDEGATE_ADMIN_KEY")?;
    let (method, path, body) = match action {
        KeysAction::Create { account } => ("POST", "/_tidegate/keys".to_owned(), Some(json!({ "account": account }))),
        KeysAction::List => ("GET", "/_tidegate/keys".to_owned(), None),
        KeysAction::Delete { id } => ("DELETE", format!("/_tidegate/keys/{id}"), None),
    };
    let answer = client::ask(&target.url, method, &path, Some(&key), body.as_ref()).await?;
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
    if answer.status != 200 {
        bail!("{}", text(&answer.body, "message"));
    }
    match action {
        KeysAction::Create { .. } => {
            print_new(&text(&answer.body, "id"), &text(&answer.body, "secret"), &text(&answer.body, "account"));
        }
        KeysAction::List => {
            for key in answer.body.get("keys").and_then(Value::as_array).into_iter().flatten() {
                println!("{}  account {}", text(key, "id"), text(key, "account"));
            }
        }
        KeysAction::Delete { id } => println!("deleted {id}"),
    }
    Ok(())
}

async fn in_folder(target: &Target, action: &KeysAction) -> anyhow::Result<()> {
    let env = Env::real();
    let store = folder::open(&env, Options::new(&target.data)).await?;
    let done = with_store(store.clone(), &env, action).await;
    env.run_blocking(move || store.close()).await;
    done
}

async fn with_store(store: Arc<EmbeddedStore>, env: &Env, action: &KeysAction) -> anyhow::Result<()> {
    let keys = AccessKeys::open(store, env.clone()).await?;
    match action {
        KeysAction::Create { account } => {
            let AccessKey { id, secret, account, .. } = keys.create(account.parse()?).await?;
            print_new(&id, &secret, &account.to_string());
        }
        KeysAction::List => keys.list().iter().for_each(|key| println!("{}  account {}", key.id, key.account)),
        KeysAction::Delete { id } => match keys.delete(id).await? {
            true => println!("deleted {id}"),
            false => bail!("there is no access key {id}"),
        },
    }
    Ok(())
}

fn print_new(id: &str, secret: &str, account: &str) {
    println!("AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={secret}");
    eprintln!("tidegate: a key for the root of account {account}; the secret is not shown again");
}
