//! Logs for people: text beside the attempts, by title, workflow and date. No program reads them.

use himekuri_protocol::AttemptId;
use object_store::path::Path;
use object_store::{Error, PutMode, PutPayload};

use crate::{Archive, ArchiveError};

/// Whose log it is: where a person looks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogName {
    /// The title.
    pub project: String,
    /// The workflow.
    pub workflow: String,
    /// Date of the session, as the workflow's zone has it.
    pub date: String,
    /// The attempt.
    pub attempt: AttemptId,
    /// Its number in the session.
    pub number: u64,
}

impl Archive {
    /// Writes a log, unless one is there already.
    ///
    /// # Errors
    /// [`ArchiveError::Write`].
    pub async fn write_log(&self, name: &LogName, text: String) -> Result<(), ArchiveError> {
        let object = self.log(name);
        let payload = PutPayload::from(text);
        match self.objects.store.put_opts(&object, payload, PutMode::Create.into()).await {
            Ok(_) | Err(Error::AlreadyExists { .. }) => self.keep(&object).await,
            Err(error) => Err(self.writing(&object, error.into())),
        }
    }

    /// Whether a log is there.
    ///
    /// # Errors
    /// [`ArchiveError::Read`].
    pub async fn has_log(&self, name: &LogName) -> Result<bool, ArchiveError> {
        self.has(&self.log(name)).await
    }

    fn log(&self, name: &LogName) -> Path {
        let LogName { project, workflow, date, attempt, number } = name;
        let place = self.objects.prefix().clone().join("logs").join(project.as_str());
        place.join(workflow.as_str()).join(date.as_str()).join(format!("{attempt}-{number}.log"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(workflow: &str) -> LogName {
        LogName {
            project: "title_a".to_owned(),
            workflow: workflow.to_owned(),
            date: "2019-09-02".to_owned(),
            attempt: AttemptId(17),
            number: 2,
        }
    }

    #[tokio::test]
    async fn a_log_is_found_by_title_workflow_and_date_and_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(folder.path().to_str().unwrap()).unwrap();
        assert!(!archive.has_log(&name("summary")).await.unwrap());

        archive.write_log(&name("summary"), "first\n".to_owned()).await.unwrap();
        archive.write_log(&name("summary"), "second\n".to_owned()).await.unwrap();

        let file = folder.path().join("logs/title_a/summary/2019-09-02/17-2.log");
        assert_eq!(std::fs::read_to_string(file).unwrap(), "first\n");
        assert!(archive.has_log(&name("summary")).await.unwrap());
    }

    #[tokio::test]
    async fn a_name_with_a_slash_or_dots_stays_within_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(folder.path().to_str().unwrap()).unwrap();

        for workflow in ["daily/summary", "..", "日次"] {
            archive.write_log(&name(workflow), String::new()).await.unwrap();
            assert!(archive.has_log(&name(workflow)).await.unwrap(), "{workflow}");
        }

        let workflows = std::fs::read_dir(folder.path().join("logs/title_a")).unwrap();
        assert_eq!(workflows.count(), 3);
    }
}
