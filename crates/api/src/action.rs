//! An AWS action as the house knows it: one type, one file, one registry line.

use crate::{After, Answer, Cx, Touched};
use base::Refusal;
use serde_json::Value;
use wire::{Input, Operation, Output};

/// The request type of an action.
pub type InputOf<A> = <<A as Action>::Op as Operation>::Input;
/// The response type of an action.
pub type OutputOf<A> = <<A as Action>::Op as Operation>::Output;

/// One AWS action. The door calls the functions in the order in which they stand here.
pub trait Action: 'static {
    /// The generated operation: names, request and response types, codecs.
    type Op: Operation;
    /// CloudTrail's `readOnly`; also whether `responseElements` is recorded.
    const READ_ONLY: bool;
    /// The permission that IAM policies name, for instance `ec2:CreateVolume`.
    const IAM: &'static str;

    /// Condition keys of the service that the action sets for the resources it touches: `ec2:Encrypted`. A key with a changing
    /// part ends in it: `aws:RequestTag/`. (The global keys of every request are the door's.)
    const KEYS: &'static [&'static str] = &[];

    /// Checks of ranges and combinations that need no state. EC2 makes them before authorisation and dry run.
    fn check(_input: &InputOf<Self>) -> Result<(), Refusal> {
        Ok(())
    }

    /// The resources that the call touches, each with what policies may ask about it. A resource that is not there is named all
    /// the same: who may not do this does not hear whether it exists.
    fn touches(_cx: &mut Cx, _input: &InputOf<Self>) -> Answer<Vec<Touched>> {
        Ok(Touched::anything())
    }

    /// May this caller do this? The default asks the caller's policies about everything that the call touches.
    fn authorise(cx: &mut Cx, input: &InputOf<Self>) -> Answer<()> {
        let touched = Self::touches(cx, input)?;
        cx.authorise(Self::IAM, &touched)
    }

    /// Does it: reads and writes rows, asks `rules`, may enqueue a job. Synchronous; runs inside one transaction and
    /// may be run again if the transaction meets a conflict, so it has no effect outside the transaction.
    fn handle(cx: &mut Cx, input: InputOf<Self>) -> Answer<OutputOf<Self>>;

    /// What must have happened outside the catalog before the caller hears yes (a snapshot's instant, for instance). Runs after
    /// the commit of a call from a socket, outside any transaction; may block.
    const FINISH: Option<Finish<Self>> = None;

    /// CloudTrail's `requestParameters`.
    fn request_parameters(input: &InputOf<Self>) -> Value {
        input.trail()
    }

    /// CloudTrail's `responseElements`; nothing for read-only actions.
    fn response_elements(output: &OutputOf<Self>) -> Value {
        if Self::READ_ONLY { Value::Null } else { output.trail() }
    }
}

/// The last part of an action that has one.
pub type Finish<A> = fn(&After, OutputOf<A>) -> Answer<OutputOf<A>>;

/// An action that moves data: the decision is made in a transaction as for every action, then the bytes are moved outside of it.
/// Data events have no record in the event history (as in AWS, where they are recorded only on request); refusals have one.
/// The calls to KMS that they cause are recorded as any other.
pub trait DataAction: 'static {
    /// The generated operation: names, request and response types, codecs.
    type Op: Operation;
    /// What the transaction found out for the second half.
    type Plan: Send;
    /// The permission that IAM policies name, for instance `ebs:PutSnapshotBlock`.
    const IAM: &'static str;
    const READ_ONLY: bool;

    /// Condition keys of the service that the action sets for the resources it touches: `ec2:Encrypted`. A key with a changing
    /// part ends in it: `aws:RequestTag/`. (The global keys of every request are the door's.)
    const KEYS: &'static [&'static str] = &[];

    /// Checks that need no state.
    fn check(_input: &DataInputOf<Self>) -> Result<(), Refusal> {
        Ok(())
    }

    /// The resources that the call touches, each with what policies may ask about it.
    fn touches(_cx: &mut Cx, _input: &DataInputOf<Self>) -> Answer<Vec<Touched>> {
        Ok(Touched::anything())
    }

    /// Looks at rows and decides. May be run again if the transaction meets a conflict.
    fn plan(cx: &mut Cx, input: &DataInputOf<Self>) -> Answer<Self::Plan>;

    /// Moves the bytes; durable when it returns. No transaction is open; it may open its own (`After::transact`).
    fn carry_out(after: &After, plan: Self::Plan, input: DataInputOf<Self>) -> Answer<DataOutputOf<Self>>;
}

/// The request type of a data action.
pub type DataInputOf<A> = <<A as DataAction>::Op as Operation>::Input;
/// The response type of a data action.
pub type DataOutputOf<A> = <<A as DataAction>::Op as Operation>::Output;
