//! The message broker: a trait, RabbitMQ, and an in-memory form.
