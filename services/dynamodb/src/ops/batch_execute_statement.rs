use std::collections::BTreeMap;

use futures::future::join_all;
use tidegate_api_dynamodb::{
    BatchExecuteStatementInput, BatchExecuteStatementOutput, BatchStatementRequest, BatchStatementResponse,
};
use tidegate_protocol::Call;

use super::partiql;
use super::single::{Single, is_all_old};
use crate::domain::partiql::{Bound, full_key};
use crate::domain::{Item, Misuse};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::wire::{self, Consumed, Kind, consumed_capacity};

/// Carries out statements, each for itself: one that fails says so in its place.
pub(crate) async fn batch_execute_statement(
    dynamodb: &DynamoDb,
    call: &Call,
    input: BatchExecuteStatementInput,
) -> Result<BatchExecuteStatementOutput, Error> {
    let statements = input.statements.unwrap_or_default().into_iter().map(Member::new).collect::<Vec<_>>();
    let reads = |member: &Member| member.bound.as_ref().ok().map(|bound| matches!(bound, Bound::Read(_)));
    let mut kinds = statements.iter().filter_map(reads);
    let first = kinds.next();
    if kinds.any(|kind| Some(kind) != first) {
        return Err(Misuse::new("Batch statements must be either all reads or all writes").into());
    }
    let done = join_all(statements.into_iter().map(|member| member.run(dynamodb, call))).await;
    let mut consumed: BTreeMap<String, Consumed> = BTreeMap::new();
    let mut responses = Vec::with_capacity(done.len());
    for Done { table, result } in done {
        let mut response = BatchStatementResponse { table_name: table.clone(), ..BatchStatementResponse::default() };
        match result {
            Ok((item, cost)) => {
                response.item = item.map(wire::wire_item);
                consumed.entry(table.unwrap_or_default()).or_default().add(&cost);
            }
            Err(error) => response.error = Some(wire::statement_error(error)),
        }
        responses.push(response);
    }
    let wish = input.return_consumed_capacity.as_deref();
    let capacities: Vec<_> =
        consumed.iter().filter_map(|(name, consumed)| consumed_capacity(wish, name, consumed, Kind::Plain)).collect();
    Ok(BatchExecuteStatementOutput {
        responses: Some(responses),
        consumed_capacity: (!capacities.is_empty()).then_some(capacities),
    })
}

/// One statement of a batch.
struct Member {
    bound: Result<Bound, Misuse>,
    consistent: bool,
    show_on_failure: bool,
}

/// What became of it, and at which table, if it was understood.
struct Done {
    table: Option<String>,
    result: Result<(Option<Item>, Consumed), Error>,
}

impl Member {
    fn new(request: BatchStatementRequest) -> Member {
        Member {
            bound: partiql::parameters(request.parameters)
                .and_then(|parameters| partiql::bound(request.statement, &parameters)?.alone()),
            consistent: request.consistent_read == Some(true),
            show_on_failure: is_all_old(request.return_values_on_condition_check_failure.as_deref()),
        }
    }

    async fn run(self, dynamodb: &DynamoDb, call: &Call) -> Done {
        let Member { bound, consistent, show_on_failure } = self;
        match bound {
            Err(misuse) => Done { table: None, result: Err(misuse.into()) },
            Ok(bound) => {
                let table = match &bound {
                    Bound::Read(read) => read.table.clone(),
                    Bound::Write(write) => write.table.clone(),
                };
                let result = carry_out(dynamodb, call, bound, consistent, show_on_failure).await;
                Done { table: Some(table), result }
            }
        }
    }
}

async fn carry_out(
    dynamodb: &DynamoDb,
    call: &Call,
    bound: Bound,
    consistent: bool,
    show_on_failure: bool,
) -> Result<(Option<Item>, Consumed), Error> {
    match bound {
        Bound::Read(statement) => {
            let known = dynamodb.known(&partiql::address(dynamodb, call, &statement.table)?)?;
            partiql::check_index(&known, &statement)?;
            let named = full_key(statement.condition.as_ref(), &known.table.keys).filter(|_| statement.index.is_none());
            let (key, _) = named.ok_or_else(|| {
                Misuse::new(
                    "Select statements within BatchExecuteStatement must specify the primary key in the where clause.",
                )
            })?;
            let key = known.table.keys.of_request(&key)?;
            partiql::one(dynamodb, &*dynamodb.store.snapshot()?, &known, &statement, &key, consistent).await
        }
        Bound::Write(statement) => {
            let address = partiql::address(dynamodb, call, &statement.table)?;
            let known = dynamodb.known(&address)?;
            let write = partiql::write(&known.table, &statement, show_on_failure)?;
            let written = Single::at(dynamodb, call, address, write)?.run().await;
            let written = written.map_err(|error| partiql::refused(error, &statement))?;
            Ok((statement.returned(written.old.as_ref(), written.new.as_deref()), written.consumed))
        }
    }
}
