//! Schemas between the wire and the domain: the attributes that keys are made of, and what indexes hold.

use std::collections::HashSet;

use tidegate_api_dynamodb::{AttributeDefinition, KeySchemaElement, Projection};

use crate::domain::{IndexSchema, KeyPart, KeyParts, KeySchema, Misuse, Projected, Table, Type};

/// The attributes that a request defines.
pub(crate) fn definitions(wire: Vec<AttributeDefinition>) -> Result<Vec<KeyPart>, Misuse> {
    let mut parts: Vec<KeyPart> = Vec::new();
    for definition in wire {
        let name = definition.attribute_name.unwrap_or_default();
        let kind = Type::named(&definition.attribute_type.unwrap_or_default()).unwrap_or(Type::S);
        if parts.iter().any(|part| part.name == name) {
            return Err(Misuse::new(format!("Attribute Name is duplicated: {name}")));
        }
        parts.push(KeyPart { name, kind });
    }
    Ok(parts)
}

/// The key schema of a table over defined attributes; `place` is where a request says it.
pub(super) fn key_schema(wire: &[KeySchemaElement], definitions: &[KeyPart], place: &str) -> Result<KeySchema, Misuse> {
    let parts = defined_parts(wire, definitions)?;
    if parts.len() > 2 {
        let shown = wire.iter().map(|element| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let (name, kind) = (text(&element.attribute_name), text(&element.key_type));
            format!("KeySchemaElement(attributeName={name}, keyType={kind})")
        });
        return Err(Misuse::new(format!(
            "1 validation error detected: Value '[{}]' at '{place}' failed to satisfy constraint: Member must have length less than or equal to 2",
            shown.collect::<Vec<_>>().join(", ")
        )));
    }
    check_two(wire)?;
    if wire.get(1).is_some_and(|second| !is_range(second)) {
        return Err(Misuse::new("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"));
    }
    let mut parts = parts.into_iter();
    let partition =
        parts.next().ok_or_else(|| Misuse::new("Invalid KeySchema: Some index key attribute have no definition"))?;
    Ok(KeySchema { partition, sort: parts.next() })
}

/// The key schema of a global index: first what chooses the partition, then what orders within it.
pub(super) fn index_schema(wire: &[KeySchemaElement], definitions: &[KeyPart]) -> Result<IndexSchema, Misuse> {
    let parts = defined_parts(wire, definitions)?;
    check_two(wire)?;
    let mut seen = HashSet::new();
    if !parts.iter().all(|part| seen.insert(part.name.as_str())) {
        return Err(Misuse::new("The KeySchema contains multiple key attributes with the same name"));
    }
    if !wire.is_sorted_by_key(is_range) {
        return Err(Misuse::parameter("All HASH key attributes must precede RANGE key attributes in the KeySchema"));
    }
    let first_sort = wire.partition_point(|element| !is_range(element));
    let sort = parts[first_sort..].to_vec();
    IndexSchema::new(parts[..first_sort].to_vec(), sort)
}

fn is_range(element: &KeySchemaElement) -> bool {
    element.key_type.as_deref() == Some("RANGE")
}

/// What is demanded of the first two attributes of every key schema.
fn check_two(wire: &[KeySchemaElement]) -> Result<(), Misuse> {
    if let [first, second] = wire
        && first.attribute_name == second.attribute_name
    {
        return Err(Misuse::new("Both the Hash Key and the Range Key element in the KeySchema have the same name"));
    }
    if wire.first().is_none_or(is_range) {
        return Err(Misuse::new("Invalid KeySchema: The first KeySchemaElement is not a HASH key type"));
    }
    Ok(())
}

/// The attributes of a key schema, as they are defined.
fn defined_parts(wire: &[KeySchemaElement], definitions: &[KeyPart]) -> Result<Vec<KeyPart>, Misuse> {
    let names: Vec<&str> = wire.iter().map(|element| element.attribute_name.as_deref().unwrap_or_default()).collect();
    let defined = |name: &&str| definitions.iter().find(|part| part.name == **name).cloned();
    names.iter().map(defined).collect::<Option<_>>().ok_or_else(|| {
        let defined: Vec<&str> = definitions.iter().map(|part| part.name.as_str()).collect();
        Misuse::parameter(format!(
            "Some index key attributes are not defined in AttributeDefinitions. Keys: [{}], AttributeDefinitions: [{}]",
            names.join(", "),
            defined.join(", ")
        ))
    })
}

/// What an index holds.
pub(super) fn projected(wire: Option<Projection>) -> Result<Projected, Misuse> {
    let wire = wire.unwrap_or_default();
    let kind = wire.projection_type.as_deref();
    match (kind, wire.non_key_attributes) {
        (None, _) => Err(Misuse::parameter("Unknown ProjectionType: null")),
        (Some("INCLUDE"), Some(names)) => {
            let mut seen = HashSet::new();
            match names.iter().find(|name| !seen.insert(name.as_str())) {
                Some(name) => Err(Misuse::parameter(format!("Duplicate value in attribute name: {name}"))),
                None => Ok(Projected::Include(names)),
            }
        }
        (Some("INCLUDE"), None) => {
            Err(Misuse::parameter("ProjectionType is INCLUDE, but NonKeyAttributes is not specified"))
        }
        (Some(kind), Some(_)) => {
            Err(Misuse::parameter(format!("ProjectionType is {kind}, but NonKeyAttributes is specified")))
        }
        (Some("ALL"), None) => Ok(Projected::All),
        (Some(_), None) => Ok(Projected::KeysOnly),
    }
}

/// Refuses a table that defines attributes which no key has.
pub(super) fn check_definitions_used(table: &Table) -> Result<(), Misuse> {
    let used =
        |part: &KeyPart| table.keys.has(&part.name) || table.indexes.iter().any(|index| index.keys.has(&part.name));
    if table.definitions.iter().all(used) {
        return Ok(());
    }
    if table.indexes.is_empty() {
        return Err(Misuse::parameter(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions",
        ));
    }
    let names = |parts: Vec<&KeyPart>| parts.iter().map(|part| part.name.clone()).collect::<Vec<_>>().join(", ");
    Err(Misuse::parameter(format!(
        "Some AttributeDefinitions are not used. AttributeDefinitions: [{}], keys used: [{}]",
        names(table.definitions.iter().collect()),
        names(table.definitions.iter().filter(|part| used(part)).collect())
    )))
}

/// How an attribute of a key is shown.
pub(super) fn definition(part: &KeyPart) -> AttributeDefinition {
    AttributeDefinition { attribute_name: Some(part.name.clone()), attribute_type: Some(part.kind.name().to_owned()) }
}

/// How keys are shown.
pub(super) fn wire_schema(keys: KeyParts<'_>) -> Vec<KeySchemaElement> {
    let element = |part: &KeyPart, kind: &str| KeySchemaElement {
        attribute_name: Some(part.name.clone()),
        key_type: Some(kind.to_owned()),
    };
    let partition = keys.partition.iter().map(|part| element(part, "HASH"));
    partition.chain(keys.sort.iter().map(|part| element(part, "RANGE"))).collect()
}

/// How it is shown what an index holds.
pub(super) fn projection(projected: &Projected) -> Projection {
    let names = match projected {
        Projected::Include(names) => Some(names.clone()),
        Projected::All | Projected::KeysOnly => None,
    };
    Projection { projection_type: Some(projected.name().to_owned()), non_key_attributes: names }
}
