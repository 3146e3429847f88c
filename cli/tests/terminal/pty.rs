//! A program before a terminal that a test reads and types on.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::pty::{Winsize, openpty};

/// Longest wait for words.
const PATIENCE: Duration = Duration::from_secs(60);

/// It ends with the test.
pub(crate) struct Terminal {
    program: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    said: String,
    /// What was waited for before is behind this place.
    seen: usize,
}

impl Terminal {
    pub(crate) fn start(command: &mut Command) -> Self {
        let size = Winsize { ws_row: 50, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
        let pair = openpty(Some(&size), None).unwrap();
        let end = || Stdio::from(pair.slave.try_clone().unwrap());
        let program = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        drop(pair.slave);
        // The command keeps its ends open until it is changed.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let keyboard = File::from(pair.master);
        let mut reader = keyboard.try_clone().unwrap();
        let (sender, screen) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            // Reading fails when the program has ended.
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { program, keyboard, screen, said: String::new(), seen: 0 }
    }

    /// Waits until the words stand behind those that were waited for before.
    pub(crate) fn until(&mut self, words: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(place) = self.said[self.seen..].find(words) {
                self.seen += place + words.len();
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.screen.recv_timeout(left) {
                Ok(bytes) => self.said.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("no `{words}` behind {} in {}", self.seen, self.said),
            }
        }
    }

    /// Everything so far.
    pub(crate) fn said(&self) -> String {
        self.said.clone()
    }

    pub(crate) fn write(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let id = self.program.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.program.try_wait().unwrap().is_none()
    }

    /// Reads to the end; the exit code.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        while let Ok(bytes) = self.screen.recv_timeout(PATIENCE) {
            self.said.push_str(&String::from_utf8_lossy(&bytes));
        }
        self.program.wait().unwrap().code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _it_may_have_ended = self.program.kill();
        let _status = self.program.wait();
    }
}
