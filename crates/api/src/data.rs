//! The way of calls that move data: decode → transaction (check, authorise, plan) → move the bytes → encode. The bytes of an EBS
//! direct block are half a MiB; moving them inside a transaction would hold it open for as long as a disk takes.

use crate::dispatch::{Door, record_operation};
use crate::serve::answered;
use crate::trail::Ending;
use crate::{After, Answer, Caller, Cx, DataAction, DataInputOf, DataOutputOf, Failure, Request};
use base::Refusal;
use wire::{Call, Input, Operation, Reply};

/// Serves one data action from the wire.
pub(crate) fn serve_data<A: DataAction>(
    door: &Door,
    caller: &Caller,
    request: &Request,
    call: &Call,
) -> Reply {
    answered::<A::Op>(perform::<A>(door, caller, request, call), request)
}

fn perform<A: DataAction>(
    door: &Door,
    caller: &Caller,
    request: &Request,
    call: &Call,
) -> Answer<DataOutputOf<A>> {
    let after = After { door, caller, request, service: A::Op::SERVICE };
    let done = planned::<A>(&after, call).and_then(|(plan, input)| A::carry_out(&after, plan, input));
    if let Err(Failure::Refused(refusal)) = &done {
        refused::<A>(&after, refusal)?;
    }
    done
}

fn planned<A: DataAction>(after: &After, call: &Call) -> Answer<(A::Plan, DataInputOf<A>)> {
    let input = <DataInputOf<A> as Input>::decode(call)?;
    let plan = after.transact(|cx| {
        A::check(&input)?;
        let touched = A::touches(cx, &input)?;
        cx.authorise(A::IAM, &touched)?;
        A::plan(cx, &input)
    })?;
    Ok((plan, input))
}

/// The refusal's record, in a transaction of its own: what was refused left none open.
fn refused<A: DataAction>(after: &After, refusal: &Refusal) -> Answer<()> {
    after.transact(|cx: &mut Cx| record_operation::<A::Op>(cx, A::READ_ONLY, Ending::Refused(refusal)))
}
