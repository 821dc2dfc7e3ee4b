/// The most actions of one permission.
const MAX_ACTIONS: usize = 7;

/// The actions that can be granted to others.
const GRANTABLE: &[&str] = &[
    "*",
    "ChangeMessageVisibility",
    "DeleteMessage",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "SendMessage",
];

/// The actions that are their owner's alone.
const OWNERS: &[&str] = &[
    "AddPermission",
    "CancelMessageMoveTask",
    "CreateQueue",
    "DeleteQueue",
    "ListMessageMoveTasks",
    "ListQueueTags",
    "ListQueues",
    "RemovePermission",
    "SetQueueAttributes",
    "StartMessageMoveTask",
    "TagQueue",
    "UntagQueue",
];

/// Why a permission cannot be added or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum PermissionError {
    #[error("a permission without actions")]
    NoActions,
    #[error("{0} actions are more than {MAX_ACTIONS}")]
    TooManyActions(usize),
    #[error("only the owner may {0}")]
    OwnersOnly(String),
    #[error("there is no action {0}")]
    UnknownAction(String),
    #[error("a permission for nobody")]
    NoPrincipals,
    #[error("{0:?} is not an account")]
    UnknownPrincipal(String),
    #[error("a label is 1 to 80 letters, digits, hyphens and underscores, not {0:?}")]
    MalformedLabel(String),
    #[error("there is a permission {0} already")]
    LabelTaken(String),
    #[error("there is no permission {0}")]
    NoSuchLabel(String),
    #[error("{0} statements are too many")]
    TooManyStatements(usize),
}

/// Checks the actions of a permission.
///
/// # Errors
/// [`PermissionError`] for the first that cannot be granted.
pub fn check_actions(actions: &[String]) -> Result<(), PermissionError> {
    match actions.len() {
        0 => return Err(PermissionError::NoActions),
        count if count > MAX_ACTIONS => return Err(PermissionError::TooManyActions(count)),
        _ => {}
    }
    for action in actions {
        if OWNERS.contains(&action.as_str()) {
            return Err(PermissionError::OwnersOnly(action.clone()));
        }
        if !GRANTABLE.contains(&action.as_str()) {
            return Err(PermissionError::UnknownAction(action.clone()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions() {
        let check = |actions: &[&str]| check_actions(&actions.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>());
        assert_eq!(check(&["*"]), Ok(()));
        assert_eq!(check(&GRANTABLE[1..8]), Ok(()));
        assert_eq!(check(&[]), Err(PermissionError::NoActions));
        assert_eq!(check(&GRANTABLE[1..]), Err(PermissionError::TooManyActions(8)));
        assert_eq!(check(&["DeleteQueue"]), Err(PermissionError::OwnersOnly("DeleteQueue".to_owned())));
        assert_eq!(check(&["SendMessageBatch"]), Err(PermissionError::UnknownAction("SendMessageBatch".to_owned())));
    }
}
