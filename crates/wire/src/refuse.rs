//! Refusals as bytes: four envelopes, one per protocol.
//!
//! | protocol | body |
//! |---|---|
//! | ec2Query | `<Response><Errors><Error><Code/><Message/></Error></Errors><RequestID/></Response>`, no namespace |
//! | awsQuery | `<ErrorResponse xmlns><Error><Type/><Code/><Message/></Error><RequestId/></ErrorResponse>` |
//! | awsJson | `{"__type": code, "message": message}` |
//! | restJson | `{"Message": message, "Reason": word}`, the code in the header `x-amzn-errortype` |
//!
//! The reason of a refusal is for the trail and for people; it never crosses the wire here.

use crate::call::Reply;
use crate::json::{JSON_1_0_TYPE, JSON_1_1_TYPE};
use crate::query;
use crate::service::{Protocol, Service};
use crate::xml::Xml;
use base::Refusal;
use serde_json::{Map, Value};

/// The answer that says no, in the service's own form.
pub fn encode_refusal(service: &Service, refusal: &Refusal, request_id: &str) -> Reply {
    match service.protocol {
        Protocol::Ec2Query => ec2(refusal, request_id),
        Protocol::AwsQuery => aws_query(service, refusal, request_id),
        Protocol::AwsJson11 => aws_json(refusal, request_id),
        Protocol::RestJson => rest_json(refusal, request_id),
    }
}

fn ec2(refusal: &Refusal, request_id: &str) -> Reply {
    let mut xml = Xml::document();
    xml.element("Response", None, |xml| {
        xml.element("Errors", None, |xml| {
            xml.element("Error", None, |xml| {
                xml.text("Code", &refusal.code);
                xml.text("Message", &refusal.message);
            });
        });
        xml.text("RequestID", request_id);
    });
    query::reply(refusal.status, xml, request_id)
}

fn aws_query(service: &Service, refusal: &Refusal, request_id: &str) -> Reply {
    let fault = if refusal.status < 500 { "Sender" } else { "Receiver" };
    let mut xml = Xml::document();
    xml.element("ErrorResponse", Some(service.xml_namespace), |xml| {
        xml.element("Error", None, |xml| {
            xml.text("Type", fault);
            xml.text("Code", &refusal.code);
            xml.text("Message", &refusal.message);
        });
        xml.text("RequestId", request_id);
    });
    query::reply(refusal.status, xml, request_id)
}

fn aws_json(refusal: &Refusal, request_id: &str) -> Reply {
    let mut body = Map::new();
    body.insert("__type".to_owned(), Value::from(refusal.code.as_ref()));
    put_message(&mut body, refusal);
    Reply::new(refusal.status, JSON_1_1_TYPE, request_id, Value::Object(body).to_string().into())
}

fn rest_json(refusal: &Refusal, request_id: &str) -> Reply {
    let mut body = Map::new();
    // Capital letters: the members' names in the service's own model.
    body.insert("Message".to_owned(), Value::from(refusal.message.as_str()));
    if let Some(word) = refusal.word {
        body.insert("Reason".to_owned(), Value::from(word));
    }
    let body = Value::Object(body).to_string();
    let mut reply = Reply::new(refusal.status, JSON_1_0_TYPE, request_id, body.into());
    reply.headers.push(("x-amzn-errortype", refusal.code.to_string()));
    reply
}

/// Some AWS errors (`InvalidCiphertextException`) have no message, and then no member for it either.
fn put_message(body: &mut Map<String, Value>, refusal: &Refusal) {
    if !refusal.message.is_empty() {
        body.insert("message".to_owned(), Value::from(refusal.message.as_str()));
    }
}
