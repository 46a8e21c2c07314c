//! Endpoint, Region and credentials, found where the aws CLI finds them.
//!
//! | what | looked for in this order |
//! |---|---|
//! | profile | `--profile`, `AWS_PROFILE`, `AWS_DEFAULT_PROFILE`, `default` |
//! | endpoint | `--endpoint-url`, `AWS_ENDPOINT_URL_SEALVOL`, `AWS_ENDPOINT_URL`, the profile's services section, its `endpoint_url`, port 4566 here |
//! | Region | `--region`, `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's `region`, `us-east-1` |
//! | credentials | variables (unless `--profile` is given), the credentials file, the config file |
//!
//! Source: AWS CLI User Guide, "Configuring environment variables" and "Configuration and credential file settings"; AWS SDKs
//! and Tools Reference Guide, "Service-specific endpoints".

use super::endpoint::Endpoint;
use super::ini::Ini;
use super::{ClientError, Remote};
use keys::Secret;
use std::path::{Path, PathBuf};

const ENDPOINT: &str = "http://127.0.0.1:4566";
const REGION: &str = "us-east-1";

/// Where variables and files come from.
pub trait World {
    fn variable(&self, name: &str) -> Option<String>;
    /// `None` if there is no such file.
    fn file(&self, path: &Path) -> std::io::Result<Option<String>>;
}

/// Whom to call, and as whom. No `Debug`: it holds a secret.
pub struct Settings {
    pub endpoint: Endpoint,
    pub region: String,
    pub credentials: Credentials,
}

/// An access key.
pub struct Credentials {
    pub access_key_id: String,
    pub secret: Secret,
    pub session_token: Option<String>,
}

impl Settings {
    /// Errors: [`ClientError::Settings`], which says where to look.
    pub fn resolve(flags: &Remote, world: &dyn World) -> Result<Settings, ClientError> {
        let sources = Sources::read(flags, world)?;
        Ok(Settings {
            endpoint: Endpoint::parse(&sources.endpoint())?,
            region: sources.region(),
            credentials: sources.credentials()?,
        })
    }
}

/// Everything that is looked at.
struct Sources<'a> {
    flags: &'a Remote,
    world: &'a dyn World,
    profile: String,
    /// The profile's section of the config file.
    section: String,
    config: Ini,
    credentials: Ini,
    credentials_path: PathBuf,
}

impl<'a> Sources<'a> {
    fn read(flags: &'a Remote, world: &'a dyn World) -> Result<Self, ClientError> {
        let named = flags.profile.clone().or_else(|| first(world, &["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]));
        let profile = named.clone().unwrap_or_else(|| "default".to_owned());
        let section = if profile == "default" { profile.clone() } else { format!("profile {profile}") };
        let credentials_path = path(world, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
        let sources = Sources {
            config: ini(world, &path(world, "AWS_CONFIG_FILE", "config"))?,
            credentials: ini(world, &credentials_path)?,
            flags,
            world,
            profile,
            section,
            credentials_path,
        };
        let known = sources.config.has(&sources.section) || sources.credentials.has(&sources.profile);
        if named.is_some() && !known {
            return Err(ClientError::Settings(format!(
                "The config profile ({}) could not be found",
                sources.profile
            )));
        }
        Ok(sources)
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.config.get(&self.section, name).map(str::to_owned)
    }

    fn endpoint(&self) -> String {
        let configured = || {
            let ignored = first(self.world, &["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]);
            if ignored.is_some_and(|text| text.eq_ignore_ascii_case("true")) {
                return None;
            }
            let services = self.setting("services").map(|name| format!("services {name}"));
            first(self.world, &["AWS_ENDPOINT_URL_SEALVOL", "AWS_ENDPOINT_URL"])
                .or_else(|| self.config.get(&services?, "sealvol.endpoint_url").map(str::to_owned))
                .or_else(|| self.setting("endpoint_url"))
        };
        self.flags.endpoint_url.clone().or_else(configured).unwrap_or_else(|| ENDPOINT.to_owned())
    }

    fn region(&self) -> String {
        let variable = || first(self.world, &["AWS_REGION", "AWS_DEFAULT_REGION"]);
        self.flags
            .region
            .clone()
            .or_else(variable)
            .or_else(|| self.setting("region"))
            .unwrap_or_else(|| REGION.to_owned())
    }

    fn credentials(&self) -> Result<Credentials, ClientError> {
        let variable = |name: &str| first(self.world, &[name]);
        // A profile asked for by flag wins over variables that may be left from something else.
        if self.flags.profile.is_none() && variable("AWS_ACCESS_KEY_ID").is_some() {
            let token = variable("AWS_SESSION_TOKEN").or_else(|| variable("AWS_SECURITY_TOKEN"));
            let pair = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"));
            return complete(pair, token, "the environment variables");
        }
        for (file, section) in [(&self.credentials, &self.profile), (&self.config, &self.section)] {
            let get = |name: &str| file.get(section, name).map(str::to_owned);
            if get("aws_access_key_id").is_some() {
                let pair = (get("aws_access_key_id"), get("aws_secret_access_key"));
                return complete(pair, get("aws_session_token"), &format!("profile {:?}", self.profile));
            }
        }
        Err(ClientError::Settings(format!(
            "no credentials found for profile {:?}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name the file that the \
             server's first start wrote (`credentials` in its data directory) in AWS_SHARED_CREDENTIALS_FILE; looked in {}",
            self.profile,
            self.credentials_path.display()
        )))
    }
}

fn complete(
    pair: (Option<String>, Option<String>),
    session_token: Option<String>,
    place: &str,
) -> Result<Credentials, ClientError> {
    let (Some(access_key_id), Some(secret)) = pair else {
        return Err(ClientError::Settings(format!("{place} hold an access key id but no secret access key")));
    };
    let secret = Secret::from_slice_wiping(&mut secret.into_bytes())
        .map_err(|error| ClientError::Settings(format!("the secret access key cannot be kept: {error}")))?;
    Ok(Credentials { access_key_id, secret, session_token })
}

/// The first of these variables that is set and not empty.
fn first(world: &dyn World, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| world.variable(name).filter(|value| !value.is_empty()))
}

/// The file that a variable names, or the usual one in `~/.aws`.
fn path(world: &dyn World, variable: &str, name: &str) -> PathBuf {
    let home = PathBuf::from(world.variable("HOME").unwrap_or_default());
    match first(world, &[variable]) {
        Some(text) => match text.strip_prefix("~/") {
            Some(rest) => home.join(rest),
            None => PathBuf::from(text),
        },
        None => home.join(".aws").join(name),
    }
}

fn ini(world: &dyn World, path: &Path) -> Result<Ini, ClientError> {
    match world.file(path) {
        Ok(text) => Ok(Ini::parse(&text.unwrap_or_default())),
        Err(error) => Err(ClientError::Settings(format!("reading {}: {error}", path.display()))),
    }
}
