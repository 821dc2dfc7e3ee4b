//! Who a caller is and where it acts.

use http::request::Parts;
use tidegate_protocol::{Caller, Permissions, ServiceError, errors};
use tidegate_types::{AccountId, Region};

use crate::directory::Directory;
use crate::hosts::HostLabels;
use tidegate_sigv4::{Claimed, Payload};

/// Account, region and principal of a request.
#[derive(Debug)]
pub struct Identity {
    /// The account that the request acts in.
    pub account: AccountId,
    /// The region that the request acts in.
    pub region: Region,
    /// Who asks.
    pub caller: Caller,
    /// What is still to be checked of the body.
    pub payload: Payload,
}

impl Identity {
    /// The identity that a request claims. An access key id of twelve digits names its account; any
    /// other belongs to the default one.
    ///
    /// # Errors
    /// If the region that it names cannot be one.
    pub fn claimed(
        scope: Option<&Claimed<'_>>,
        host: Option<&str>,
        directory: &Directory,
    ) -> Result<Identity, ServiceError> {
        let account = scope.and_then(|scope| scope.access_key.parse().ok()).unwrap_or(AccountId::DEFAULT);
        Ok(Identity {
            account,
            region: region(scope, host, directory)?,
            caller: Caller {
                access_key: scope.map(|scope| scope.access_key.clone().into_owned()),
                ..Caller::root(account)
            },
            payload: Payload::Done,
        })
    }

    /// The identity of a key that is known, and what it may do.
    ///
    /// # Errors
    /// If the region that the request names cannot be one.
    pub fn of_key(
        scope: &Claimed<'_>,
        owner: &tidegate_ports::Identity,
        authenticated: bool,
        permissions: Permissions,
        host: Option<&str>,
        directory: &Directory,
    ) -> Result<Identity, ServiceError> {
        Ok(Identity {
            account: owner.account,
            region: region(Some(scope), host, directory)?,
            caller: Caller {
                access_key: Some(scope.access_key.clone().into_owned()),
                principal_arn: owner.principal.arn.clone(),
                user_id: owner.user_id.clone(),
                authenticated,
                permissions,
            },
            payload: Payload::Done,
        })
    }

    /// Nobody in particular, who may do what resources let everybody do.
    ///
    /// # Errors
    /// If the region that the request names cannot be one.
    pub fn anonymous(
        permissions: Permissions,
        host: Option<&str>,
        directory: &Directory,
    ) -> Result<Identity, ServiceError> {
        Ok(Identity {
            account: AccountId::DEFAULT,
            region: region(None, host, directory)?,
            caller: Caller {
                access_key: None,
                principal_arn: "anonymous".to_owned(),
                user_id: "anonymous".to_owned(),
                authenticated: false,
                permissions,
            },
            payload: Payload::Done,
        })
    }
}

fn region(scope: Option<&Claimed<'_>>, host: Option<&str>, directory: &Directory) -> Result<Region, ServiceError> {
    let signed = scope.map(|scope| &*scope.region).filter(|region| !region.is_empty());
    let named = signed.or_else(|| HostLabels::of(host?, |label| directory.is_host_label(label)).region);
    named.map_or_else(
        || Ok(Region::us_east_1()),
        |name| {
            name.parse().map_err(|_| {
                let message = "Credential should be scoped to a valid region.";
                ServiceError::new(errors::INVALID_SIGNATURE, message)
            })
        },
    )
}

/// The host that the client asked, as it wrote it: HTTP/2 and proxies' requests carry it in the URI.
pub fn host(parts: &Parts) -> Option<&str> {
    match parts.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => parts.headers.get(http::header::HOST)?.to_str().ok(),
    }
}
