//! DecodeAuthorizationMessage: what is inside the encoded message of an `UnauthorizedOperation`: who asked for what under which
//! condition keys, and why it was denied. Only callers of the account that was refused can decode it.
//! Source: STS API Reference, DecodeAuthorizationMessage.

use super::get_session_token::not_of_a_persons_session;
use crate::validate::length;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::sts::{
    DecodeAuthorizationMessage as Op, DecodeAuthorizationMessageInput, DecodeAuthorizationMessageOutput,
};

pub struct DecodeAuthorizationMessage;

impl Action for DecodeAuthorizationMessage {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "sts:DecodeAuthorizationMessage";

    fn check(input: &DecodeAuthorizationMessageInput) -> Result<(), Refusal> {
        length("encodedMessage", &input.encoded_message, 1, wire::sealed::SEALED_CHARS_MAX)
    }

    fn authorise(cx: &mut Cx, _input: &DecodeAuthorizationMessageInput) -> Answer<()> {
        not_of_a_persons_session(&cx.caller, "DecodeAuthorizationMessage")?;
        cx.authorise(Self::IAM, &Touched::anything())
    }

    fn handle(
        cx: &mut Cx,
        input: DecodeAuthorizationMessageInput,
    ) -> Answer<DecodeAuthorizationMessageOutput> {
        let decoded = cx.decode_authorization_message(&input.encoded_message).ok_or_else(|| {
            Refusal::new("InvalidAuthorizationMessageException", "Message is invalid").because(
                "the message was not made by this server for this account, or something in it was changed",
            )
        })?;
        Ok(DecodeAuthorizationMessageOutput { decoded_message: Some(decoded) })
    }
}
