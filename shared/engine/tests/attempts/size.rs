//! Work that must not grow with the number of siblings.

use crate::world::{Project, succeeded};

const MANY: u32 = 5_000;

#[test]
fn each_of_many_parallel_tasks_adds_two_records_and_one_evaluation() {
    let dig = "+l:\n  loop>: ${n}\n  _parallel: true\n  _do: {echo>: '${i}'}\n";
    let mut world = Project::new(dig).param("n", MANY).start();
    let (records, evaluations) = (world.log.len(), world.evaluator.evaluations);

    let ids: Vec<_> = world.attempt.dispatchable().collect();
    for id in ids {
        let task = world.attempt.task(id).unwrap();
        let name = task.full_name.trim_start_matches("+wf").to_owned();
        let message = match world.prepare_by_id(id) {
            Ok(prepared) => world.attempt.dispatch(prepared, world.now).unwrap(),
            Err(error) => panic!("{name}: {}", error.message),
        };
        world.log.extend(message.records);
        world.report_try(id, message.message.try_no, succeeded());
    }

    let many = usize::try_from(MANY).unwrap();
    // The ends of `^sub`, the loop, the root and the attempt.
    assert_eq!(world.log.len() - records, 2 * many + 4);
    assert_eq!(world.evaluator.evaluations - evaluations, many);
}

#[test]
fn a_loop_of_any_size_is_one_record_in_the_log() {
    let dig = "+l:\n  loop>: ${n}\n  _do: {echo>: '${i}'}\n";

    let length = |n: u32| {
        let world = Project::new(dig).param("n", n).start();
        let json: usize = world.log.iter().map(|r| serde_json::to_string(r).unwrap().len()).sum();
        (world.log.len(), json)
    };

    assert_eq!(length(1_000), length(9_999));
}
