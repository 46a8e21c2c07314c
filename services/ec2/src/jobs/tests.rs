//! Every job with a failure at every step, and with every step run twice: afterwards nothing is left behind and the states are
//! those that AWS documents.

use super::{
    attach_volume::AttachVolumeJob, create_volume::CreateVolumeJob, delete_volume::DeleteVolumeJob,
    detach_volume::DetachVolumeJob, launch_instance::LaunchInstanceJob,
    terminate_instance::TerminateInstanceJob,
};
use crate::testing::{Bench, Injected, Trouble, attach_call, texts};
use ::jobs::{Job, Kinds, Runner};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const LAUNCH: &str = "RunInstances&ImageId=ami-0123456789abcdef0&MinCount=1&MaxCount=1\
                      &BlockDeviceMapping.1.DeviceName=/dev/sdf&BlockDeviceMapping.1.Ebs.VolumeSize=1\
                      &BlockDeviceMapping.1.Ebs.Encrypted=true&BlockDeviceMapping.1.Ebs.DeleteOnTermination=true\
                      &BlockDeviceMapping.2.DeviceName=/dev/sdg&BlockDeviceMapping.2.Ebs.VolumeSize=2";

/// A life in full: an encrypted and a plain volume made, attached, detached, deleted, and an instance launched and terminated.
fn whole_life(bench: &Bench) {
    let key = bench.key();
    let instance = bench.instance();
    for more in [format!("&Encrypted=true&KmsKeyId={key}"), String::new()] {
        let volume = bench.volume(&more);
        assert_eq!(bench.row(&volume).unwrap().state.as_str(), "available");
        bench.attach(&volume, &instance);
        let row = bench.row(&volume).unwrap();
        assert_eq!((row.state.as_str(), row.attachments[0].state.as_str()), ("in-use", "attached"));
        bench.assert_tidy();
        bench.ok(&format!("DetachVolume&VolumeId={volume}"));
        bench.run();
        bench.assert_tidy();
        assert_eq!(bench.row(&volume).unwrap().state.as_str(), "available");
        bench.ok(&format!("DeleteVolume&VolumeId={volume}"));
        bench.run();
        assert!(bench.row(&volume).is_none());
        assert_eq!(bench.told(&volume), ["createVolume available", "deleteVolume deleted"], "each once");
    }
    let launched = texts(&bench.ok(LAUNCH), "instanceId").remove(0);
    bench.run();
    bench.assert_tidy();
    assert_eq!(bench.instance_row(&launched).state.as_str(), "running");
    bench.ok(&format!("TerminateInstances&InstanceId.1={launched}"));
    bench.run();
    bench.assert_tidy();
    assert_eq!(bench.instance_row(&launched).state.as_str(), "terminated");
    assert_eq!(bench.all::<crate::rows::Volume>().len(), 1, "the one without DeleteOnTermination");
}

#[test]
fn a_whole_life_leaves_nothing_in_between() {
    whole_life(&Bench::new());
}

#[test]
fn a_whole_life_with_every_step_run_twice_is_the_same() {
    let bench = Bench::new();
    bench.run_steps_twice();
    whole_life(&bench);
}

#[test]
fn a_fault_or_a_crash_at_any_step_changes_nothing_in_the_end() {
    for (kind, steps) in [
        (CreateVolumeJob::KIND, 5),
        (AttachVolumeJob::KIND, 3),
        (DetachVolumeJob::KIND, 2),
        (DeleteVolumeJob::KIND, 2),
        (LaunchInstanceJob::KIND, 2),
        (TerminateInstanceJob::KIND, 1),
    ] {
        for step in 0..steps {
            for what in [Injected::FaultBefore, Injected::Crash] {
                let bench = Bench::new();
                bench.inject(kind, step, what);
                whole_life(&bench);
            }
        }
    }
}

#[test]
fn a_host_that_fails_or_loses_its_answer_at_any_call_changes_nothing_in_the_end() {
    for trouble in [Trouble::Fault, Trouble::Lost] {
        for call in 0..3 {
            let bench = Bench::new();
            let (volume, instance) = (bench.encrypted_volume().0, bench.instance());
            bench.ok(&attach_call(&volume, &instance));
            let mut met = vec![trouble; 5];
            met.truncate(call + 1);
            bench.host.expect(&met);
            bench.run();
            bench.assert_tidy();
            assert_eq!(bench.row(&volume).unwrap().attachments[0].state.as_str(), "attached");
            bench.ok(&format!("DetachVolume&VolumeId={volume}"));
            bench.host.expect(&met);
            bench.run();
            bench.ok(&format!("DeleteVolume&VolumeId={volume}"));
            bench.host.expect(&met);
            bench.run();
            bench.assert_tidy();
            assert!(bench.row(&volume).is_none());
        }
    }
}

#[test]
fn a_creation_refused_at_any_step_vanishes_whole() {
    for twice in [false, true] {
        for step in 0..CreateVolumeJob::STEPS.len() {
            for what in [Injected::Refuse, Injected::RefuseAfter] {
                let bench = Bench::new();
                if twice {
                    bench.run_steps_twice();
                }
                bench.inject(CreateVolumeJob::KIND, step, what);
                let volume = bench.encrypted_volume().0;
                assert!(bench.row(&volume).is_none(), "{step} {what:?}");
                let former = bench.former(&volume).unwrap();
                assert!(former.failure.unwrap().contains("put in by the test"));
                assert_eq!(
                    former.volume.encryption.unwrap().wrapped_key,
                    None,
                    "nobody can open what was begun"
                );
                bench.assert_tidy();
            }
        }
    }
}

#[test]
fn a_store_that_the_host_refuses_is_told_as_it_is() {
    let bench = Bench::new();
    bench.host.expect(&[Trouble::Refuse]);
    let volume = bench.volume("");
    assert_eq!(bench.told(&volume), ["createVolume failed the store is damaged", "deleteVolume deleted"]);
    bench.assert_tidy();
}

#[test]
fn an_attachment_refused_at_any_step_lets_everything_go() {
    for twice in [false, true] {
        for step in 0..3 {
            for what in [Injected::Refuse, Injected::RefuseAfter] {
                let bench = Bench::new();
                let (volume, instance) = (bench.encrypted_volume().0, bench.instance());
                if twice {
                    bench.run_steps_twice();
                }
                bench.inject(AttachVolumeJob::KIND, step, what);
                bench.attach(&volume, &instance);
                bench.assert_tidy();
                assert_eq!(bench.row(&volume).unwrap().state.as_str(), "available", "{step} {what:?}");
                assert_eq!(bench.instance_row(&instance).volumes, [""; 0]);
                // And the way is free.
                bench.attach(&volume, &instance);
                assert_eq!(bench.row(&volume).unwrap().state.as_str(), "in-use");
                bench.assert_tidy();
            }
        }
    }
}

#[test]
fn a_launch_refused_at_any_step_of_any_of_its_jobs_ends_terminated() {
    for (kind, steps) in
        [(CreateVolumeJob::KIND, 5), (AttachVolumeJob::KIND, 3), (LaunchInstanceJob::KIND, 1)]
    {
        for step in 0..steps {
            for what in [Injected::Refuse, Injected::RefuseAfter] {
                if (kind, step, what) == (AttachVolumeJob::KIND, 2, Injected::RefuseAfter) {
                    // Once the row says `attached` the job has ended; nothing can refuse it any more.
                    continue;
                }
                let bench = Bench::new();
                bench.inject(kind, step, what);
                let launched = texts(&bench.ok(LAUNCH), "instanceId").remove(0);
                bench.run();
                let row = bench.instance_row(&launched);
                assert_eq!(row.state.as_str(), "terminated", "{kind} {step} {what:?}");
                assert_eq!(row.state_reason.unwrap().code, "Client.InternalError");
                assert_eq!(row.transition_reason, "Server.InternalError");
                bench.assert_tidy();
            }
        }
    }
}

#[test]
fn a_volume_deleted_while_it_is_made_goes_wherever_its_creation_stood() {
    for rounds in 0..6 {
        for trouble in [false, true] {
            let bench = Bench::new();
            if trouble {
                bench.inject(CreateVolumeJob::KIND, 1, Injected::Refuse);
            }
            let key = bench.key();
            let call =
                format!("CreateVolume&Size=1&AvailabilityZone=us-east-1a&Encrypted=true&KmsKeyId={key}");
            let volume = texts(&bench.ok(&call), "volumeId").remove(0);
            bench.run_rounds(rounds);
            let (status, _) = bench.call(&format!("DeleteVolume&VolumeId={volume}"));
            assert!(status == 200 || trouble);
            bench.run();
            bench.assert_tidy();
            assert!(bench.row(&volume).is_none() && bench.former(&volume).is_some());
            if !trouble && rounds < 5 {
                assert_eq!(bench.told(&volume), ["deleteVolume deleted"], "it was never there to be used");
            }
        }
    }
}

#[test]
fn a_detachment_asked_for_while_attaching_ends_detached_wherever_the_attachment_stood() {
    for rounds in 0..4 {
        let bench = Bench::new();
        let (volume, instance) = (bench.encrypted_volume().0, bench.instance());
        bench.ok(&attach_call(&volume, &instance));
        bench.run_rounds(rounds);
        bench.ok(&format!("DetachVolume&VolumeId={volume}"));
        bench.run();
        bench.assert_tidy();
        assert_eq!(bench.row(&volume).unwrap().state.as_str(), "available");
    }
}

#[test]
fn a_termination_while_launching_ends_terminated_wherever_the_launch_stood() {
    for rounds in 0..9 {
        let bench = Bench::new();
        let launched = texts(&bench.ok(LAUNCH), "instanceId").remove(0);
        bench.run_rounds(rounds);
        bench.ok(&format!("TerminateInstances&InstanceId.1={launched}"));
        bench.run();
        bench.assert_tidy();
        assert_eq!(bench.instance_row(&launched).state.as_str(), "terminated");
        let left: Vec<u32> = bench.all::<crate::rows::Volume>().iter().map(|v| v.size_gib).collect();
        assert_eq!(left, [2], "round {rounds}");
    }
}

#[test]
fn a_key_disabled_between_grant_and_decryption_undoes_the_attachment_and_tells_why() {
    let bench = Bench::new();
    let (volume, key) = bench.encrypted_volume();
    let instance = bench.instance();
    bench.ok(&attach_call(&volume, &instance));
    bench.kms("DisableKey", json!({"KeyId": key.rsplit('/').next().unwrap()}));
    bench.run();
    bench.assert_tidy();
    assert_eq!(bench.row(&volume).unwrap().state.as_str(), "available");
    assert_eq!(
        bench.told(&volume),
        ["createVolume available".into(), format!("attachVolume failed {key} is disabled.")]
    );
    assert_eq!(bench.record("Decrypt")["errorCode"], "DisabledException");
    assert_eq!(
        bench.kms_calls(),
        ["GenerateDataKeyWithoutPlaintext", "CreateGrant", "Decrypt", "RetireGrant"]
    );
}

#[test]
fn the_runner_itself_brings_a_volume_to_its_instance_and_back() {
    let bench = Bench::new();
    let runner = Arc::new(Runner::default());
    runner.start(&bench.door, super::kinds(Kinds::default())).unwrap();
    let real = env::Env::real();
    let wait = || {
        for _ in 0..500 {
            runner.resume(&bench.door).unwrap();
            runner.settle(&real, Duration::from_secs(10));
            bench.clock.advance(Duration::from_millis(50));
            // A line that was set aside is looked at by workers, which need time of this world for it.
            real.clock.sleep(Duration::from_millis(2));
            if bench.jobs().is_empty() {
                return;
            }
        }
        panic!("stuck: {:?}", bench.jobs());
    };
    let key = bench.key();
    let call = format!("CreateVolume&Size=1&AvailabilityZone=us-east-1a&Encrypted=true&KmsKeyId={key}");
    let volume = texts(&bench.ok(&call), "volumeId").remove(0);
    let instance = texts(&bench.ok(LAUNCH), "instanceId").remove(0);
    wait();
    bench.ok(&format!("AttachVolume&VolumeId={volume}&InstanceId={instance}&Device=/dev/sdh"));
    wait();
    assert_eq!(bench.instance_row(&instance).volumes.len(), 3);
    bench.assert_tidy();
    bench.ok(&format!("TerminateInstances&InstanceId.1={instance}"));
    wait();
    bench.assert_tidy();
    runner.stop();
}
