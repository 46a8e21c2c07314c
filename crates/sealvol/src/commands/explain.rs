//! `sealvol explain`: why a volume, an instance or a request is as it is, in words.

use super::print;
use crate::ExplainArguments;
use base::Fault;
use serde_json::{Value, json};

pub fn run(arguments: &ExplainArguments) -> Result<(), Fault> {
    let story = arguments.remote.call("Sealvol.Explain", &json!({ "Id": arguments.id }))?;
    match arguments.json {
        true => print(&format!("{story:#}\n")),
        false => print(&render(&story)),
    }
}

/// The story as lines: the summary, then what there is of state, reason, facts, events and calls.
pub fn render(story: &Value) -> String {
    let text = |name: &str| story[name].as_str().map(printable).filter(|t| !t.is_empty());
    let mut out = text("Summary").unwrap_or_else(|| "Nothing is known.".to_owned());
    out.push('\n');
    for (title, name) in [("state", "State"), ("reason", "Reason")] {
        if let Some(value) = text(name) {
            out.push_str(&format!("  {title:<8}{value}\n"));
        }
    }
    let plain = |line: &str| line.to_owned();
    section(&mut out, "facts", &story["Lines"], plain);
    section(&mut out, "events", &story["Events"], event_line);
    section(&mut out, "calls", &story["Calls"], plain);
    out
}

fn section(out: &mut String, title: &str, lines: &Value, words: impl Fn(&str) -> String) {
    for (i, line) in lines.as_array().into_iter().flatten().filter_map(Value::as_str).enumerate() {
        let title = if i == 0 { title } else { "" };
        out.push_str(&format!("  {title:<8}{}\n", printable(&words(line))));
    }
}

/// An EventBridge event in one line; what is no such event is shown as it is.
fn event_line(event: &str) -> String {
    let words = || {
        let event: Value = serde_json::from_str(event).ok()?;
        let (time, detail) = (event["time"].as_str()?, &event["detail"]);
        let head = format!("{time} {} {}", detail["event"].as_str()?, detail["result"].as_str()?);
        match detail["cause"].as_str() {
            Some(cause) if !cause.is_empty() => Some(format!("{head}: {cause}")),
            _ => Some(head),
        }
    };
    words().unwrap_or_else(|| event.to_owned())
}

/// Names that callers chose can hold anything; a terminal must not take them for commands.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_is_told_in_lines() {
        let event = json!({
            "time": "2026-01-02T03:04:05Z",
            "detail": { "event": "attachVolume", "result": "failed", "cause": "arn:k is disabled." },
        });
        let story = json!({
            "Summary": "Volume vol-1 is available", "State": "available", "Reason": "because",
            "Lines": ["1 GiB", "encrypted"], "Events": [event.to_string()], "Calls": ["ec2 CreateVolume by x: done"],
        });
        let wanted = "Volume vol-1 is available\n  state   available\n  reason  because\n  facts   1 GiB\n          encrypted\n  \
                      events  2026-01-02T03:04:05Z attachVolume failed: arn:k is disabled.\n  calls   ec2 CreateVolume by x: done\n";
        assert_eq!(render(&story), wanted);
    }

    #[test]
    fn what_is_missing_takes_no_line() {
        let story = json!({ "Summary": "s", "Reason": null, "Lines": [], "Events": ["not JSON"] });
        assert_eq!(render(&story), "s\n  events  not JSON\n");
        assert_eq!(render(&json!({})), "Nothing is known.\n");
        assert_eq!(render(&json!([1])), "Nothing is known.\n");
    }

    #[test]
    fn an_event_without_a_cause_ends_with_its_result() {
        let event =
            json!({ "time": "t", "detail": { "event": "createVolume", "result": "available", "cause": "" } });
        assert_eq!(event_line(&event.to_string()), "t createVolume available");
        assert_eq!(event_line("{}"), "{}");
    }

    #[test]
    fn a_terminal_gets_no_commands() {
        assert_eq!(render(&json!({ "Summary": "\u{1b}[2Jx\ny" })), "?[2Jx?y\n");
        assert!(!render(&json!({ "Lines": ["\u{9b}2J"] })).contains('\u{9b}'));
    }
}
