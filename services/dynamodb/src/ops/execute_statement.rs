use tidegate_api_dynamodb::{ExecuteStatementInput, ExecuteStatementOutput};
use tidegate_protocol::Call;

use super::partiql::{self, Wish};
use super::single::{Single, is_all_old};
use crate::domain::partiql::{Bound, Read, Write};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::wire::{self, Kind, consumed_capacity};

/// Carries out a PartiQL statement.
pub(crate) async fn execute_statement(
    dynamodb: &DynamoDb,
    call: &Call,
    mut input: ExecuteStatementInput,
) -> Result<ExecuteStatementOutput, Error> {
    let parameters = partiql::parameters(input.parameters.take())?;
    match partiql::bound(input.statement.take(), &parameters)?.alone()? {
        Bound::Read(read) => select(dynamodb, call, &read, &input).await,
        Bound::Write(write) => change(dynamodb, call, &write, &input).await,
    }
}

async fn select(
    dynamodb: &DynamoDb,
    call: &Call,
    statement: &Read,
    input: &ExecuteStatementInput,
) -> Result<ExecuteStatementOutput, Error> {
    let known = dynamodb.known(&partiql::address(dynamodb, call, &statement.table)?)?;
    let wish = Wish {
        consistent: input.consistent_read == Some(true),
        limit: input.limit.and_then(|limit| usize::try_from(limit).ok()),
        token: input.next_token.as_deref(),
    };
    let found = partiql::select(dynamodb, &known, statement, &wish).await?;
    let (next_token, last) = found.next.unzip();
    let capacity = input.return_consumed_capacity.as_deref();
    Ok(ExecuteStatementOutput {
        items: Some(found.items.into_iter().map(wire::wire_item).collect()),
        next_token,
        consumed_capacity: consumed_capacity(capacity, &known.address.name, &found.consumed, Kind::Plain),
        last_evaluated_key: last.map(wire::wire_item),
    })
}

async fn change(
    dynamodb: &DynamoDb,
    call: &Call,
    statement: &Write,
    input: &ExecuteStatementInput,
) -> Result<ExecuteStatementOutput, Error> {
    let address = partiql::address(dynamodb, call, &statement.table)?;
    let known = dynamodb.known(&address)?;
    let show = is_all_old(input.return_values_on_condition_check_failure.as_deref());
    let single = Single::at(dynamodb, call, address, partiql::write(&known.table, statement, show)?)?;
    let written = single.run().await.map_err(|error| partiql::refused(error, statement))?;
    let returned = statement.returned(written.old.as_ref(), written.new.as_deref());
    Ok(ExecuteStatementOutput {
        items: Some(returned.into_iter().map(wire::wire_item).collect()),
        consumed_capacity: single.capacity(input.return_consumed_capacity.as_deref(), &written),
        ..ExecuteStatementOutput::default()
    })
}
