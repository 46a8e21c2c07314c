//! The story, step by step.

use super::cast::{Cast, make_file, set_up};
use super::front::{CallError, Front};
use super::search::{self, Tree};
use super::show::{Show, mebibytes, seconds, thousands};
use super::text::{Text, UNIT};
use super::world::{Directory, World};
use super::{copy, trail, volumes};
use crate::commands::explain;
use aws_lc_rs::digest::Digest;
use base::Fault;
use env::Env;
use serde_json::json;

const DEVICE: &str = "/dev/sdf";
const PROOF_DEVICE: &str = "/dev/sdg";

/// Tells the whole story with a file of `size_mb` MiB. An error says what was not as it should be; the server is stopped in
/// any case.
pub fn tell(env: &Env, show: &mut Show, directory: &mut Directory, size_mb: u64) -> Result<(), Fault> {
    let start = show.now();
    show.line("Sealvol demo: an encrypted volume, end to end")?;
    let world = show.step("Start the service on an empty directory", |show| {
        let world = World::start(env, &directory.data())?;
        show.say(&format!("endpoint http://{}, data in {}", world.address(), directory.data().display()))?;
        Ok(world)
    })?;
    let told = with_server(env, show, directory, &world, size_mb);
    let stopped = world.stop();
    told?;
    stopped?;
    show.line(&format!("\nEverything was as it should be, in {}.", seconds(show.now().saturating_sub(start))))
}

fn with_server(
    env: &Env,
    show: &mut Show,
    directory: &mut Directory,
    world: &World,
    size_mb: u64,
) -> Result<(), Fault> {
    let front = Front::new(env, world.address(), &directory.data())?;
    let mut text = Text::new(env);
    let (file, bytes) = make_file(env, show, directory, &mut text, size_mb)?;
    let cast = set_up(show, &front, file, bytes)?;
    let written = write(show, &front, directory, &cast)?;
    read_back(show, &front, &cast, &written)?;
    show.step("Ask the trail what KMS was asked", |show| {
        for call in trail::kms_calls(&front, &cast.encrypted)? {
            show.say(&format!("{}  {}", call.time, call.name))?;
            show.say(&format!("    by {}", call.who))?;
            show.say(&format!("    {}", call.about))?;
        }
        show.say("nothing else was asked of KMS; the unencrypted volume caused no call")
    })?;
    search_for(env, show, directory, &cast, text.marker())?;
    take_the_key_away(show, &front, &cast)?;
    give_it_back(show, &front, &cast, directory.is_kept())
}

/// Gives the SHA-256 of what was written to the encrypted volume.
fn write(show: &mut Show, front: &Front, directory: &mut Directory, cast: &Cast) -> Result<Digest, Fault> {
    let (uri, proof_uri) = show.step("Attach both", |show| {
        let uri = volumes::attach(front, show, &cast.encrypted, &cast.instance, DEVICE)?;
        directory.holds_socket(&volumes::place(&uri)?.socket);
        let proof = volumes::attach(front, show, &cast.unencrypted, &cast.instance, PROOF_DEVICE)?;
        show.say(&uri)?;
        show.say(&proof)?;
        Ok((uri, proof))
    })?;
    let digest = show.step("Write the file to the encrypted volume through NBD", |show| {
        let mut device = volumes::connect(&uri, cast.size_gib)?;
        let digest = copy::write(show, &*cast.file, &mut device, cast.bytes)?;
        show.say(&format!("SHA-256 {}", hex(&digest)))?;
        device.disconnect().map_err(goodbye)?;
        Ok(digest)
    })?;
    show.step(
        "Write its beginning to the unencrypted volume, so that the search can prove itself",
        |show| {
            let mut device = volumes::connect(&proof_uri, 1)?;
            copy::write(show, &*cast.file, &mut device, cast.proof_bytes())?;
            device.disconnect().map_err(goodbye)
        },
    )?;
    Ok(digest)
}

fn read_back(show: &mut Show, front: &Front, cast: &Cast, written: &Digest) -> Result<(), Fault> {
    let uri = show.step("Detach both, attach the encrypted one again", |show| {
        volumes::detach(front, show, &cast.unencrypted)?;
        volumes::detach(front, show, &cast.encrypted)?;
        volumes::attach(front, show, &cast.encrypted, &cast.instance, DEVICE)
    })?;
    show.step("Read the file back", |show| {
        let mut device = volumes::connect(&uri, cast.size_gib)?;
        let read = copy::read_and_compare(show, &*cast.file, &mut device, cast.bytes)?;
        device.disconnect().map_err(goodbye)?;
        if read.as_ref() != written.as_ref() {
            return Err(Fault::new(format!("SHA-256 is {}, written was {}", hex(&read), hex(written))));
        }
        show.say(&format!("SHA-256 {}, the same", hex(&read)))
    })
}

/// Looks for the marker in every file that the server has. It must be found where it was not encrypted, unit for unit, and
/// nowhere else.
fn search_for(
    env: &Env,
    show: &mut Show,
    directory: &Directory,
    cast: &Cast,
    marker: &str,
) -> Result<(), Fault> {
    show.step("Search the data directory for the marker, every file at every offset", |show| {
        let tree = Tree::walk(&*env.files, &directory.data())?;
        let found = show.with_bar("searched", tree.bytes(), |progress| {
            tree.files
                .iter()
                .map(|f| search::count(f, marker.as_bytes(), progress))
                .collect::<Result<Vec<_>, _>>()
        })?;
        let volumes = directory.data().join("volumes");
        let sum = |volume: &str| {
            let dir = volumes.join(volume);
            let inside = tree.files.iter().zip(&found).filter(|(f, _)| f.path.starts_with(&dir));
            inside.fold((0, 0), |(bytes, hits), (f, n)| (bytes + f.bytes, hits + n))
        };
        let (ciphertext, leaked) = sum(&cast.encrypted);
        let (_, proved) = sum(&cast.unencrypted);
        let elsewhere = found.iter().sum::<u64>() - leaked - proved;
        let wanted = cast.proof_bytes() / UNIT as u64;
        show.say(&format!(
            "files: {}, and sockets, which hold no bytes: {}",
            tree.files.len(),
            tree.sockets
        ))?;
        show.say(&format!("unencrypted volume: {} of {} copies", thousands(proved), thousands(wanted)))?;
        show.say(&format!("encrypted volume:   {leaked} copies in {} on the disk", mebibytes(ciphertext)))?;
        show.say(&format!("anywhere else:      {elsewhere} copies (catalog, journal, keys, credentials)"))?;
        match () {
            () if proved != wanted => Err(Fault::new("the search does not find what is there")),
            () if leaked + elsewhere > 0 => Err(Fault::new("plaintext is on the disk")),
            () if ciphertext < cast.bytes => {
                Err(Fault::new("the encrypted volume's data is not on the disk"))
            }
            () => Ok(()),
        }
    })
}

fn take_the_key_away(show: &mut Show, front: &Front, cast: &Cast) -> Result<(), Fault> {
    show.step("Disable the key", |show| {
        front.json("kms", "TrentService.DisableKey", &json!({ "KeyId": cast.key }))?;
        let uri = volumes::uri(front, &cast.encrypted)?;
        read_a_little(show, cast, &uri)?;
        show.say("the attached volume goes on working: its data key is in the host's memory")?;
        volumes::detach(front, show, &cast.encrypted)
    })?;
    show.step("Try to attach it again", |show| {
        let asked = volumes::ask_to_attach(front, &cast.encrypted, &cast.instance, DEVICE);
        let (code, message, request_id) = match asked {
            Ok(()) => return Err(Fault::new("attaching was not refused, though the key is disabled")),
            Err(CallError::Fault(fault)) => return Err(fault),
            Err(CallError::Refused { code, message, request_id }) => (code, message, request_id),
        };
        show.say(&format!("refused: {code}: {message}"))?;
        if code != "CustomerKeyHasBeenRevoked" {
            return Err(Fault::new(format!("the code is {code}, not CustomerKeyHasBeenRevoked")));
        }
        for id in [&request_id, &cast.encrypted] {
            show.say(&format!("$ sealvol explain {id}"))?;
            let story = front.json("sealvol", "Sealvol.Explain", &json!({ "Id": id }))?;
            for line in explain::render(&story).lines() {
                show.say(&format!("  {line}"))?;
            }
        }
        Ok(())
    })
}

/// In a kept directory the volume stays attached, so that whoever serves it again finds its device.
fn give_it_back(show: &mut Show, front: &Front, cast: &Cast, keep: bool) -> Result<(), Fault> {
    show.step("Enable the key and attach again", |show| {
        front.json("kms", "TrentService.EnableKey", &json!({ "KeyId": cast.key }))?;
        let uri = volumes::attach(front, show, &cast.encrypted, &cast.instance, DEVICE)?;
        read_a_little(show, cast, &uri)?;
        match keep {
            true => Ok(()),
            false => volumes::detach(front, show, &cast.encrypted),
        }
    })
}

/// Reads and compares the first MiB.
fn read_a_little(show: &mut Show, cast: &Cast, uri: &str) -> Result<(), Fault> {
    let mut device = volumes::connect(uri, cast.size_gib)?;
    copy::read_and_compare(show, &*cast.file, &mut device, 1 << 20)?;
    device.disconnect().map_err(goodbye)
}

fn goodbye(error: std::io::Error) -> Fault {
    Fault::caused("ending the connection to the device", error)
}

fn hex(digest: &Digest) -> String {
    digest.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}
