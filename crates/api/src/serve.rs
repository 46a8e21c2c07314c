//! Calls from the wire: find the action, decode, perform in a transaction, encode. Most calls are over when their transaction
//! is committed, and no thread waits for that: the one that decided goes on with the next call, and the answer goes out when
//! the catalog says that everything is durable. So a few threads serve many callers. A call that waits for something else, or
//! lost a race and must run again, is handed back for a thread that may wait.

use crate::dispatch::perform;
use crate::trail::Ending;
use crate::{Action, After, Answer, Caller, Cx, Door, Entry, Failure, InputOf, OutputOf, Request};
use base::Refusal;
use std::sync::Arc;
use wire::{Call, Input, Operation, Output, Reply, Service};

/// A call whose signature has been verified.
pub struct Asked {
    pub caller: Caller,
    pub request: Request,
    pub call: Call,
}

/// What has become of a call.
pub enum Served {
    Reply(Reply),
    /// The reply takes waiting: do this on a thread that may.
    Waits(Box<dyn FnOnce() -> Reply + Send>),
}

/// Hears what has become of a call, once, perhaps on a thread of the catalog's, which it must not hold up.
pub type Tell = Box<dyn FnOnce(Served) + Send>;

impl Door {
    /// Answers a call whose signature has been verified.
    pub fn serve(&self, service: &'static Service, caller: &Caller, request: &Request, call: &Call) -> Reply {
        match self.entry(service, caller, call) {
            Ok(entry) => (entry.serve)(self, caller, request, call),
            Err(refusal) => wire::encode_refusal(service, &refusal, &request.id),
        }
    }

    /// The same without waiting.
    pub fn serve_then(self: &Arc<Self>, service: &'static Service, asked: Asked, tell: Tell) {
        let entry = match self.entry(service, &asked.caller, &asked.call) {
            Ok(entry) => entry,
            Err(refusal) => {
                let reply = wire::encode_refusal(service, &refusal, &asked.request.id);
                return tell(Served::Reply(reply));
            }
        };
        match entry.begin {
            Some(begin) if self.catalog.commits_apart() => begin(self, asked, tell),
            _ => {
                let (door, serve) = (self.clone(), entry.serve);
                let work = move || serve(&door, &asked.caller, &asked.request, &asked.call);
                tell(Served::Waits(Box::new(work)));
            }
        }
    }

    /// The action that a call names, if this caller may name it.
    fn entry(&self, service: &'static Service, caller: &Caller, call: &Call) -> Result<&Entry, Refusal> {
        let name = wire::operation_name(service, call)?;
        if let Some(refusal) = crate::temporary::barred(caller, service) {
            return Err(refusal);
        }
        self.registry.find(service.name, &name).ok_or_else(|| wire::unknown_operation(service, &name))
    }
}

/// Serves one action and waits until its changes are durable.
pub(crate) fn serve<A: Action>(door: &Door, caller: &Caller, request: &Request, call: &Call) -> Reply {
    let service = A::Op::SERVICE;
    let result = door.transact(caller, request, service, |cx| decoded::<A>(cx, call));
    let finished = result.and_then(|output| match A::FINISH {
        Some(finish) => finish(&After { door, caller, request, service }, output),
        None => Ok(output),
    });
    answered::<A::Op>(finished, request)
}

/// Serves one action that has nothing to finish, and does not wait. The answer is written before the commit and leaves after it.
pub(crate) fn begin<A: Action>(door: &Arc<Door>, asked: Asked, tell: Tell) {
    let (door, asked) = (door.clone(), Arc::new(asked));
    let (again_door, again) = (door.clone(), asked.clone());
    let Asked { caller, request, call } = &*asked;
    door.transact_once(
        caller,
        request,
        A::Op::SERVICE,
        |cx| decoded::<A>(cx, call),
        |result| answered::<A::Op>(result.map_err(Failure::Refused), request),
        move |ended| {
            tell(match ended {
                Ok(reply) => Served::Reply(reply),
                Err(Failure::Conflict) => Served::Waits(Box::new(move || {
                    serve::<A>(&again_door, &again.caller, &again.request, &again.call)
                })),
                Err(failure) => Served::Reply(answered::<A::Op>(Err(failure), &again.request)),
            });
        },
    );
}

/// Decoded inside the transaction, because a request may hold secrets and so cannot be cloned for a second try.
fn decoded<A: Action>(cx: &mut Cx, call: &Call) -> Answer<OutputOf<A>> {
    match <InputOf<A> as Input>::decode(call) {
        Ok(input) => perform::<A>(cx, input),
        Err(refusal) => {
            crate::dispatch::record::<A>(cx, Ending::Refused(&refusal))?;
            Err(refusal.into())
        }
    }
}

/// The answer as bytes; a fault is logged and shown as AWS's word for one.
pub(crate) fn answered<O: Operation>(result: Answer<O::Output>, request: &Request) -> Reply {
    match result {
        Ok(output) => output.encode(&request.id),
        Err(Failure::Refused(refusal)) => wire::encode_refusal(O::SERVICE, &refusal, &request.id),
        Err(failure) => {
            tracing::error!(action = O::NAME, request_id = request.id, ?failure, "call failed inside");
            wire::encode_refusal(O::SERVICE, &internal(O::SERVICE), &request.id)
        }
    }
}

/// The caller of a faulty call hears AWS's word for it and nothing of the inside.
fn internal(service: &Service) -> Refusal {
    let refusal = Refusal::internal();
    match service.name {
        "kms" => Refusal { code: "KMSInternalException".into(), ..refusal },
        "ebs" => Refusal { code: "InternalServerException".into(), ..refusal },
        _ => refusal,
    }
}
