//! Answers of the two form protocols: the envelope around a generated output.

use crate::call::Reply;
use crate::service::Operation;
use crate::xml::{ToXml, Xml};

const XML_TYPE: &str = "text/xml;charset=UTF-8";

pub(crate) fn reply(status: u16, xml: Xml, request_id: &str) -> Reply {
    Reply::new(status, XML_TYPE, request_id, xml.finish().into())
}

/// EC2's answer: the request id first, then the members; `<return>true</return>` when there is nothing to say.
pub fn ec2_reply<O: Operation>(output: Option<&impl ToXml>, request_id: &str) -> Reply {
    let mut xml = Xml::document();
    xml.element(&format!("{}Response", O::NAME), Some(O::SERVICE.xml_namespace), |xml| {
        xml.text("requestId", request_id);
        match output {
            Some(output) => output.content(xml),
            None => xml.text("return", "true"),
        }
    });
    reply(O::STATUS, xml, request_id)
}

/// awsQuery's answer: the members inside `<XResult>`, the request id after them.
pub fn query_reply<O: Operation>(output: Option<&impl ToXml>, request_id: &str) -> Reply {
    let mut xml = Xml::document();
    xml.element(&format!("{}Response", O::NAME), Some(O::SERVICE.xml_namespace), |xml| {
        if let Some(output) = output {
            xml.element(&format!("{}Result", O::NAME), None, |xml| output.content(xml));
        }
        xml.element("ResponseMetadata", None, |xml| xml.text("RequestId", request_id));
    });
    reply(O::STATUS, xml, request_id)
}

/// The members of an output that has none.
pub struct NoMembers;

impl ToXml for NoMembers {
    fn content(&self, _: &mut Xml) {}
}
