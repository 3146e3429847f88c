//! Session times of schedules. Pure.
