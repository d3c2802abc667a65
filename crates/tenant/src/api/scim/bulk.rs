//! Bulk requests: one call after the other, each with the rights and the preconditions that it would have alone.

use super::{Context, carry_out};
use crate::api::answer::Refused;
use crate::api::gate::{self, Caller};
use crate::profile::Behaviour;
use provost_scim::ScimError;
use provost_scim::provider::{self, BulkCall, BulkRequest, BulkRun, EntityTags, Preconditions, Response};

/// Carries them out to the end, also when the client goes away in between: it could not know which of them were.
pub(super) async fn carry_out_all(context: &Context<'_>, caller: &Caller, request: BulkRequest) -> Result<Response, Refused> {
    let (tenant, caller) = (context.tenant.clone(), caller.clone());
    let base = context.base.clone();
    let running = tokio::spawn(async move {
        let Caller { behaviour, grants } = &caller;
        let Behaviour { options, provider } = behaviour.as_ref();
        let preconditions = Preconditions::default();
        in_turn(&Context { tenant: &tenant, options, grants, provider, base, preconditions }, request).await
    });
    running.await.map_err(|error| {
        tracing::error!(%error, "a bulk request ended badly");
        ScimError::new(500, "The bulk request was not carried out to its end.").into()
    })
}

async fn in_turn(context: &Context<'_>, request: BulkRequest) -> Response {
    let mut run = BulkRun::new(request, &context.base);
    while let Some(next) = run.next_call() {
        let answered = one(context, &next.call).await;
        run.note(&next, &answered.unwrap_or_else(|refused| provider::failed(context.provider, &refused.0)));
    }
    run.finish(context.provider)
}

async fn one(context: &Context<'_>, call: &BulkCall) -> Result<Response, Refused> {
    let path = format!("{}{}", crate::api::SCIM_PATH, call.path);
    let method = axum::http::Method::from_bytes(call.method.word().as_bytes()).unwrap_or_default();
    // A grant on Users does not cover Groups, also not in here.
    gate::permit(context.grants, &method, &path).map_err(|message| ScimError::new(403, message))?;
    let request = provider::plan_operation(context.provider, call)?;
    let if_match = call.version.as_deref().filter(|_| context.provider.profile.etags).map(EntityTags::parse);
    let alone =
        Context { base: context.base.clone(), preconditions: Preconditions { if_match, if_none_match: None }, ..*context };
    carry_out(&alone, request).await
}
