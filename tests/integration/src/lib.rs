//! The whole pool as processes, on a real RabbitMQ and Redis.
