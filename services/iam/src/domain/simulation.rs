//! What would be decided: the evaluator, asked about requests that nobody makes.

use tidegate_policy::{
    Decision, Document, Effect, Outcome, Policies, Reason, Request, Span, evaluate, statement_spans,
};

/// What a simulated policy is to the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "IAM's own nouns")]
pub enum SimulatedKind {
    Identity,
    Resource,
    Boundary,
}

/// A policy of a simulation.
#[derive(Debug, Clone)]
pub struct Simulated {
    /// What it is called in answers.
    pub id: String,
    kind: SimulatedKind,
    document: Document,
    spans: Vec<Span>,
}

impl Simulated {
    /// Reads a policy; `None` if it is none.
    pub fn read(id: impl Into<String>, kind: SimulatedKind, text: &str) -> Option<Simulated> {
        let document = Document::parse(text).ok()?;
        Some(Simulated { id: id.into(), kind, document, spans: statement_spans(text) })
    }

    /// The condition keys that it asks for.
    pub fn context_keys(&self) -> Vec<String> {
        self.document.context_keys()
    }
}

/// The policies that a simulation holds requests against.
#[derive(Debug, Clone, Default)]
pub struct Simulation {
    /// Of the identity.
    pub identity: Vec<Simulated>,
    /// Of the resource.
    pub resource: Option<Simulated>,
    /// The permissions boundary.
    pub boundary: Option<Simulated>,
}

/// A statement that led to a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// The policy that it stands in.
    pub policy: String,
    /// What that policy is to the request.
    pub kind: SimulatedKind,
    /// Where it stands there.
    pub span: Option<Span>,
}

/// What would be decided of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The decision.
    pub outcome: Outcome,
    /// The statements with the decision's effect; none if nothing allows it.
    pub matched: Vec<Matched>,
    /// The condition keys that policies ask for and the request does not have.
    pub missing: Vec<String>,
    /// What the boundary has to say, if there is one.
    pub within_boundary: Option<bool>,
    /// What each kind of policy says for itself, of a request that crosses accounts.
    pub details: Vec<(SimulatedKind, Outcome)>,
}

impl Simulation {
    /// Decides one request.
    pub fn run(&self, request: &Request) -> Verdict {
        let policies = Policies {
            identity: self.identity.iter().map(|policy| &policy.document).collect(),
            resource: self.resource.as_ref().map(|policy| &policy.document),
            boundary: self.boundary.as_ref().map(|policy| &policy.document),
            ..Policies::default()
        };
        let Decision { outcome, reason } = evaluate(request, &policies);
        let effect = match outcome {
            Outcome::Allow => Some(Effect::Allow),
            Outcome::ExplicitDeny => Some(Effect::Deny),
            Outcome::ImplicitDeny => None,
        };
        Verdict {
            outcome,
            matched: effect.map(|effect| self.matched(request, effect)).unwrap_or_default(),
            missing: self.context_keys().into_iter().filter(|key| request.values(key).is_none()).collect(),
            within_boundary: self.boundary.as_ref().map(|boundary| {
                let allows = !boundary.document.matching(request, Effect::Allow).is_empty();
                allows
                    && boundary.document.matching(request, Effect::Deny).is_empty()
                    && reason != Reason::NoBoundaryAllow
            }),
            details: if request.crosses_accounts() { self.details(request) } else { Vec::new() },
        }
    }

    fn all(&self) -> impl Iterator<Item = &Simulated> {
        self.identity.iter().chain(&self.resource).chain(&self.boundary)
    }

    /// The condition keys that the policies ask for, each once.
    pub fn context_keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        for key in self.all().flat_map(Simulated::context_keys) {
            if !keys.iter().any(|known| known.eq_ignore_ascii_case(&key)) {
                keys.push(key);
            }
        }
        keys
    }

    /// A boundary allows nothing by itself, so only its denials led to anything.
    fn matched(&self, request: &Request, effect: Effect) -> Vec<Matched> {
        let policies = self.all().filter(|policy| effect == Effect::Deny || policy.kind != SimulatedKind::Boundary);
        let statements = policies.flat_map(|policy| {
            policy.document.matching(request, effect).into_iter().map(move |index| Matched {
                policy: policy.id.clone(),
                kind: policy.kind,
                span: policy.spans.get(index).copied(),
            })
        });
        statements.collect()
    }

    fn details(&self, request: &Request) -> Vec<(SimulatedKind, Outcome)> {
        let of = |policies: Vec<&Simulated>| {
            let has = |effect| policies.iter().any(|policy| !policy.document.matching(request, effect).is_empty());
            match (has(Effect::Deny), has(Effect::Allow)) {
                (true, _) => Outcome::ExplicitDeny,
                (false, true) => Outcome::Allow,
                (false, false) => Outcome::ImplicitDeny,
            }
        };
        let mut details = vec![(SimulatedKind::Identity, of(self.identity.iter().collect()))];
        // Across accounts a resource without a policy lets nobody in.
        details.push((SimulatedKind::Resource, of(self.resource.iter().collect())));
        if let Some(boundary) = &self.boundary {
            details.push((SimulatedKind::Boundary, of(vec![boundary])));
        }
        details
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_policy::Principal;

    fn policy(kind: SimulatedKind, statements: &str) -> Simulated {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        Simulated::read(format!("{kind:?}"), kind, &text).expect("a policy")
    }

    #[test]
    fn every_matching_statement_is_named() {
        use SimulatedKind::{Boundary, Identity, Resource};
        let account = "111111111111".parse().expect("an account");
        let other = "222222222222".parse().expect("an account");
        let allow = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
        let never = r#"{"Effect":"Allow","Action":"sqs:*","Resource":"*"}"#;
        let deny = r#"{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:Secure":"false"}}}"#;
        let grant = r#"{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"s3:*","Resource":"*"}"#;
        let run = |identity: &[&str], resource: Option<&str>, boundary: Option<&str>, owner, secure: Option<&str>| {
            let simulation = Simulation {
                identity: vec![policy(Identity, &identity.join(","))],
                resource: resource.map(|text| policy(Resource, text)),
                boundary: boundary.map(|text| policy(Boundary, text)),
            };
            let principal = Principal::user(account, "arn:aws:iam::111111111111:user/u");
            let mut request = Request::new(principal, "s3:GetObject", "arn:aws:s3:::b/k", Some(owner));
            secure.into_iter().for_each(|value| request.set("aws:Secure", value));
            simulation.run(&request)
        };
        let verdict = run(&[allow, never, allow], None, None, account, None);
        assert_eq!((verdict.outcome, verdict.matched.len()), (Outcome::Allow, 2));
        let verdict = run(&[allow, deny], None, None, account, Some("false"));
        assert_eq!((verdict.outcome, verdict.matched.len(), verdict.missing.len()), (Outcome::ExplicitDeny, 1, 0));
        let verdict = run(&[allow, deny], None, Some(never), account, None);
        assert_eq!((verdict.outcome, verdict.matched.len()), (Outcome::ImplicitDeny, 0));
        assert_eq!((verdict.within_boundary, verdict.missing), (Some(false), vec!["aws:Secure".to_owned()]));
        let verdict = run(&[never], Some(grant), None, other, None);
        assert_eq!(verdict.outcome, Outcome::ImplicitDeny);
        assert_eq!(verdict.details, [(Identity, Outcome::ImplicitDeny), (Resource, Outcome::Allow)]);
        let verdict = run(&[allow], Some(grant), Some(allow), other, None);
        assert_eq!((verdict.outcome, verdict.matched.len()), (Outcome::Allow, 2));
        assert_eq!(verdict.within_boundary, Some(true));
    }
}
