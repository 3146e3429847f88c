//! The client crate that workers use, against this endpoint.

use std::sync::Arc;

use async_trait::async_trait;
use gcp_bigquery_client::Client;
use gcp_bigquery_client::auth::Authenticator;
use gcp_bigquery_client::client_builder::ClientBuilder;
use gcp_bigquery_client::error::BQError;
use gcp_bigquery_client::model::job::Job;
use gcp_bigquery_client::model::job_configuration::JobConfiguration;
use gcp_bigquery_client::model::job_configuration_query::JobConfigurationQuery;
use gcp_bigquery_client::model::job_reference::JobReference;
use gcp_bigquery_client::model::query_request::QueryRequest;
use gcp_bigquery_client::model::table_reference::TableReference;

use crate::server::{PROJECT, Server};

#[derive(Clone)]
struct AnyToken;

#[async_trait]
impl Authenticator for AnyToken {
    async fn access_token(&self) -> Result<String, BQError> {
        Ok("any".into())
    }
}

async fn client(server: &Server) -> Client {
    ClientBuilder::new()
        .with_v2_base_url(format!("{}/bigquery/v2", server.url))
        .build_from_authenticator(Arc::new(AnyToken))
        .await
        .unwrap()
}

fn partition_job(id: &str) -> Job {
    Job {
        job_reference: Some(JobReference {
            project_id: Some(PROJECT.into()),
            job_id: Some(id.into()),
            location: Some("US".into()),
        }),
        configuration: Some(JobConfiguration {
            query: Some(JobConfigurationQuery {
                query: "SELECT 3 AS n, 0.5 AS rate".into(),
                use_legacy_sql: Some(false),
                destination_table: Some(TableReference::new(PROJECT, "mart", "kpi$20261101")),
                write_disposition: Some("WRITE_TRUNCATE".into()),
                ..Default::default()
            }),
            ..Default::default()
        }),
        ..Default::default()
    }
}

#[tokio::test]
async fn the_client_inserts_a_job_and_reads_its_partition() {
    let server = Server::start().await;
    let client = client(&server).await;

    let inserted = client.job().insert(PROJECT, partition_job("crate")).await.unwrap();
    server.done("crate").await;
    let job = client.job().get_job(PROJECT, "crate", Some("US")).await.unwrap();
    let mut request = QueryRequest::new("SELECT n, rate FROM mart.kpi");
    request.use_legacy_sql = false;
    let answer = client.job().query(PROJECT, request).await.unwrap();

    assert_eq!(inserted.job_reference.unwrap().job_id.as_deref(), Some("crate"));
    let status = job.status.unwrap();
    assert_eq!((status.state.as_deref(), status.error_result.is_none()), (Some("DONE"), true));
    let mut rows =
        gcp_bigquery_client::model::query_response::ResultSet::new_from_query_response(answer);
    assert!(rows.next_row());
    assert_eq!(rows.get_i64_by_name("n").unwrap(), Some(3));
    assert_eq!(rows.get_f64_by_name("rate").unwrap(), Some(0.5));
}

#[tokio::test]
async fn the_client_sees_code_and_reason_of_a_duplicate() {
    let server = Server::start().await;
    let client = client(&server).await;
    client.job().insert(PROJECT, partition_job("twice")).await.unwrap();

    let error = client.job().insert(PROJECT, partition_job("twice")).await.unwrap_err();

    let BQError::ResponseError { error } = error else { panic!("{error}") };
    assert_eq!((error.error.code, error.error.errors[0]["reason"].as_str()), (409, "duplicate"));
}
