//! The ceiling: as many writers and as many bytes as the product has, and nothing but a file.
//!
//! One thread takes whatever writers have brought, writes it in one piece, syncs once and tells them
//! all: the least that a durable group commit can be.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::sync::{mpsc, oneshot};

/// Writes durably per second by `writers` of `bytes` each.
pub fn rate(folder: &Path, writers: usize, bytes: usize, time: Duration) -> Result<f64> {
    let file = tempfile::tempfile_in(folder)?;
    let (sender, receiver) = mpsc::unbounded_channel();
    let appender = std::thread::spawn(move || append(file, receiver));
    let body: Arc<[u8]> = vec![b'a'; bytes].into();
    let start = Instant::now();
    let deadline = start + time;
    let writer = std::thread::spawn(move || write(writers, &sender, &body, deadline));
    let count = writer.join().map_err(|_| anyhow::anyhow!("the writers panicked"))??;
    let rate = count as f64 / start.elapsed().as_secs_f64();
    appender.join().map_err(|_| anyhow::anyhow!("the appender panicked"))??;
    Ok(rate)
}

type Brought = (Arc<[u8]>, oneshot::Sender<()>);

/// The writers, as tasks of one thread: so many threads would cost more than the file.
fn write(writers: usize, sender: &mpsc::UnboundedSender<Brought>, body: &Arc<[u8]>, deadline: Instant) -> Result<u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let mut tasks = Vec::new();
        for _ in 0..writers {
            let (sender, body) = (sender.clone(), body.clone());
            tasks.push(tokio::spawn(async move {
                let mut count = 0u64;
                while Instant::now() < deadline {
                    let (done, synced) = oneshot::channel();
                    sender.send((body.clone(), done))?;
                    synced.await?;
                    count += 1;
                }
                Ok::<_, anyhow::Error>(count)
            }));
        }
        let mut total = 0;
        for task in tasks {
            total += task.await??;
        }
        Ok(total)
    })
}

fn append(mut file: File, mut receiver: mpsc::UnboundedReceiver<Brought>) -> Result<()> {
    let (mut gathered, mut bytes) = (Vec::new(), Vec::new());
    while receiver.blocking_recv_many(&mut gathered, usize::MAX >> 8) > 0 {
        bytes.clear();
        gathered.iter().for_each(|(body, _)| bytes.extend_from_slice(body));
        file.write_all(&bytes)?;
        file.sync_data()?;
        for (_, done) in gathered.drain(..) {
            // A writer waits for every answer, so there is always somebody to tell.
            done.send(()).ok();
        }
    }
    Ok(())
}
