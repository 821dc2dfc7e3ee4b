//! `tidegate env`: what a shell must export so that AWS clients find the server.

use std::process::ExitCode;

use crate::cli::{EnvArgs, Shell};
use crate::running::Target;

/// Prints the exports.
///
/// # Errors
/// None.
pub fn run(args: &EnvArgs) -> anyhow::Result<ExitCode> {
    let target = Target::find(&args.target);
    let enforce = target.note.as_ref().is_some_and(|note| note.enforce);
    let shell = args.shell.unwrap_or_else(shell_in_use);
    for (name, value) in variables(&target.url, &args.region, enforce) {
        println!("{}", export(shell, name, &value));
    }
    if enforce {
        eprintln!("tidegate: this server verifies signatures; make a key with `tidegate keys create`");
    }
    Ok(ExitCode::SUCCESS)
}

fn variables(url: &str, region: &str, enforce: bool) -> Vec<(&'static str, String)> {
    let mut variables = vec![
        ("AWS_ENDPOINT_URL", url.to_owned()),
        ("AWS_REGION", region.to_owned()),
        ("AWS_DEFAULT_REGION", region.to_owned()),
    ];
    if !enforce {
        variables.push(("AWS_ACCESS_KEY_ID", "test".to_owned()));
        variables.push(("AWS_SECRET_ACCESS_KEY", "test".to_owned()));
    }
    variables
}

fn shell_in_use() -> Shell {
    match std::env::var("SHELL") {
        Ok(shell) if shell.ends_with("fish") => Shell::Fish,
        Ok(_) => Shell::Sh,
        Err(_) if cfg!(windows) => Shell::Powershell,
        Err(_) => Shell::Sh,
    }
}

fn export(shell: Shell, name: &str, value: &str) -> String {
    let quoted = format!("'{}'", value.replace('\'', r"'\''"));
    match shell {
        Shell::Sh => format!("export {name}={quoted}"),
        Shell::Fish => format!("set -gx {name} {quoted};"),
        Shell::Powershell => format!("$env:{name} = '{}'", value.replace('\'', "''")),
        Shell::Dotenv => format!("{name}={value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_gets_its_own_syntax() {
        assert_eq!(export(Shell::Sh, "A", "it's"), r"export A='it'\''s'");
        assert_eq!(export(Shell::Fish, "A", "b"), "set -gx A 'b';");
        assert_eq!(export(Shell::Powershell, "A", "it's"), "$env:A = 'it''s'");
        assert_eq!(export(Shell::Dotenv, "A", "b"), "A=b");
    }

    #[test]
    fn a_server_that_verifies_gets_no_made_up_key() {
        let names =
            |enforce| variables("http://x", "eu-west-1", enforce).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert!(names(false).contains(&"AWS_SECRET_ACCESS_KEY"));
        assert!(!names(true).contains(&"AWS_SECRET_ACCESS_KEY"));
    }
}
