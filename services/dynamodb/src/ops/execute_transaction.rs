use std::collections::{BTreeMap, HashSet};

use tidegate_api_dynamodb::{ExecuteTransactionInput, ExecuteTransactionOutput, ItemResponse, ParameterizedStatement};
use tidegate_protocol::Call;

use super::partiql;
use super::single::is_all_old;
use super::transaction::{Action, Token, Transaction};
use super::writing::{Change, carried_trace};
use crate::domain::partiql::{Bound, Read, full_key};
use crate::domain::{Misuse, Value};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::keys;
use crate::wire::{self, Consumed, Kind, consumed_capacity};

/// A statement and whether a failed one shows its item.
struct Member {
    bound: Bound,
    show_on_failure: bool,
    /// How many bytes its parameters weigh.
    parameters: usize,
}

/// Carries out statements all or none: all of them read, or all of them write.
pub(crate) async fn execute_transaction(
    dynamodb: &DynamoDb,
    call: &Call,
    mut input: ExecuteTransactionInput,
) -> Result<ExecuteTransactionOutput, Error> {
    let token = input.client_request_token.take();
    let token = token.map(|token| Token::new(call, &token, &input.transact_statements));
    let wish = input.return_consumed_capacity.as_deref();
    let statements = input.transact_statements.unwrap_or_default();
    let members = statements
        .into_iter()
        .enumerate()
        .map(|(index, statement)| member(statement).map_err(|misuse| within(index, &misuse)));
    let members = members.collect::<Result<Vec<_>, Misuse>>()?;
    let reads: Vec<Read> = members
        .iter()
        .filter_map(|member| if let Bound::Read(read) = &member.bound { Some(read.clone()) } else { None })
        .collect();
    if reads.len() == members.len() {
        return read_all(dynamodb, call, &reads, wish).await;
    }
    if !reads.is_empty() {
        return Err(Misuse::new("The transaction cannot contain both read and write operations").into());
    }
    let actions = members.into_iter().enumerate().map(|(index, member)| action(dynamodb, call, index, member));
    let transaction =
        Transaction { dynamodb, trace: carried_trace(call), actions: actions.collect::<Result<_, Error>>()? };
    let done = transaction.run(token).await?;
    Ok(ExecuteTransactionOutput {
        responses: Some(transaction.actions.iter().map(|_| ItemResponse::default()).collect()),
        consumed_capacity: done.capacities(wish),
    })
}

fn within(index: usize, misuse: &Misuse) -> Misuse {
    Misuse::new(format!("Validation failed in TransactStatements[{index}]: {misuse}"))
}

fn member(statement: ParameterizedStatement) -> Result<Member, Misuse> {
    let parameters = partiql::parameters(statement.parameters)?;
    let bound = partiql::bound(statement.statement, &parameters)?;
    match &bound {
        Bound::Write(write) if write.returning.is_some() => {
            return Err(Misuse::new("RETURNING clause is not supported in ExecuteTransaction."));
        }
        Bound::Read(read) if read.index.is_some() => {
            return Err(Misuse::new("Reads on indices are not supported within transactions."));
        }
        Bound::Write(_) | Bound::Read(_) => {}
    }
    let show_on_failure = is_all_old(statement.return_values_on_condition_check_failure.as_deref());
    let parameters = parameters.iter().map(Value::size).sum();
    Ok(Member { bound, show_on_failure, parameters })
}

fn action(dynamodb: &DynamoDb, call: &Call, index: usize, member: Member) -> Result<Action, Error> {
    let Bound::Write(statement) = &member.bound else { unreachable!("reads were told apart") };
    let address = partiql::address(dynamodb, call, &statement.table)?;
    let known = dynamodb.known(&address)?;
    let write = partiql::write(&known.table, statement, member.show_on_failure);
    let write = write.map_err(|misuse| within(index, &misuse))?;
    // What is inserted is counted as the item that it makes, and a key as a key.
    let values = match &write.change {
        Change::Put(_) => 0,
        Change::Update(key, _) | Change::Delete(key) | Change::Check(key) => {
            member.parameters.saturating_sub(key.values().map(Value::size).sum())
        }
    };
    Ok(Action { address, write, inserts: partiql::inserts(statement), values })
}

/// Reads items that the statements name in full, all as they were at one moment.
async fn read_all(
    dynamodb: &DynamoDb,
    call: &Call,
    reads: &[Read],
    wish: Option<&str>,
) -> Result<ExecuteTransactionOutput, Error> {
    let view = dynamodb.store.snapshot()?;
    let mut seen = HashSet::new();
    let (mut responses, mut consumed) = (Vec::new(), BTreeMap::<String, Consumed>::new());
    for (index, statement) in reads.iter().enumerate() {
        let known = dynamodb.known(&partiql::address(dynamodb, call, &statement.table)?)?;
        let Some((key, _)) = full_key(statement.condition.as_ref(), &known.table.keys) else {
            let misuse = Misuse::new(
                "Select statements within ExecuteTransaction must specify the primary key in the where clause.",
            );
            return Err(within(index, &misuse).into());
        };
        let key = known.table.keys.of_request(&key).map_err(|misuse| within(index, &misuse))?;
        if !seen.insert(keys::item(known.table.id, &key)) {
            return Err(Misuse::new("Transaction request cannot include multiple operations on one item").into());
        }
        let (item, cost) = partiql::one(dynamodb, &*view, &known, statement, &key, true).await?;
        // Reading in a transaction costs twice as much.
        dynamodb.charge_read(&known, &cost)?;
        consumed.entry(known.address.name.clone()).or_default().add(&cost.doubled());
        responses.push(ItemResponse { item: item.map(wire::wire_item) });
    }
    let capacities: Vec<_> =
        consumed.iter().filter_map(|(name, consumed)| consumed_capacity(wish, name, consumed, Kind::Reads)).collect();
    Ok(ExecuteTransactionOutput {
        responses: Some(responses),
        consumed_capacity: (!capacities.is_empty()).then_some(capacities),
    })
}
