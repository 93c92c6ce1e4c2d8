// The shapes of bench on Tokio. usage: peer ct|mt|paused echo|work
//
// echo is a server that prints its address. work answers each line "SHAPE N" with the
// nanoseconds of processor time that N operations took.
use std::io::BufRead;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, Mutex};

extern "C" {
    fn clock_gettime(clock: i32, t: *mut i64) -> i32;
}

fn processor_time() -> i64 {
    let mut t = [0i64; 2];
    unsafe { clock_gettime(2, t.as_mut_ptr()) };
    t[0] * 1_000_000_000 + t[1]
}

async fn spawn_join(size: usize, n: usize) {
    for _ in 0..n / size {
        let tasks: Vec<_> = (0..size).map(|_| tokio::spawn(async {})).collect();
        for t in tasks {
            t.await.unwrap();
        }
    }
}

async fn timeouts(n: usize) {
    for _ in 0..n {
        tokio::time::timeout(Duration::from_secs(60), async {}).await.unwrap();
    }
}

async fn pump(buffer: usize, n: usize) {
    let (send, mut receive) = mpsc::channel::<usize>(buffer);
    let sender = tokio::spawn(async move {
        for i in 0..n {
            send.send(i).await.unwrap();
        }
    });
    let receiver = tokio::spawn(async move { while receive.recv().await.is_some() {} });
    sender.await.unwrap();
    receiver.await.unwrap();
}

async fn ping_pong(n: usize) {
    let (ask, mut asked) = mpsc::channel::<usize>(1);
    let (answer, mut answered) = mpsc::channel::<usize>(1);
    let echo = tokio::spawn(async move {
        while let Some(i) = asked.recv().await {
            answer.send(i).await.unwrap();
        }
    });
    for i in 0..n {
        ask.send(i).await.unwrap();
        answered.recv().await.unwrap();
    }
    drop(ask);
    echo.await.unwrap();
}

async fn lock(n: usize) {
    let counter = Mutex::new(0usize);
    for _ in 0..n {
        *counter.lock().await += 1;
    }
    assert_eq!(*counter.lock().await, n);
}

async fn lock_contended(n: usize) {
    let counter = Arc::new(Mutex::new(0usize));
    let mut tasks = vec![];
    for i in 0..8 {
        let counter = counter.clone();
        tasks.push(tokio::spawn(async move {
            for _ in (i..n).step_by(8) {
                let mut held = counter.lock().await;
                *held += 1;
                tokio::task::yield_now().await;
            }
        }));
    }
    for t in tasks {
        t.await.unwrap();
    }
}

async fn sleeps(tasks: usize, n: usize) {
    let tasks: Vec<_> = (0..tasks)
        .map(|_| {
            tokio::spawn(async move {
                for _ in 0..n / tasks {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            })
        })
        .collect();
    for t in tasks {
        t.await.unwrap();
    }
}

async fn shape(name: String, n: usize) {
    match name.as_str() {
        "S1a" => spawn_join(100, n).await,
        "S1c" => spawn_join(10_000, n).await,
        "S2" => timeouts(n).await,
        "S4" => pump(128, n).await,
        "S7" => ping_pong(n).await,
        "S8a" => lock(n).await,
        "S8b" => lock_contended(n).await,
        "V1" => sleeps(1000, n).await,
        _ => panic!("unknown shape {name}"),
    }
}

fn work(runtime: Runtime) {
    println!("ready");
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (name, n) = line.split_once(' ').unwrap();
        let (name, n) = (name.to_string(), n.parse().unwrap());
        let before = processor_time();
        runtime.block_on(async { tokio::spawn(shape(name, n)).await.unwrap() });
        println!("{}", processor_time() - before);
    }
}

async fn echo() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    loop {
        let (mut s, _) = listener.accept().await.unwrap();
        s.set_nodelay(true).unwrap();
        tokio::spawn(async move {
            let mut buffer = vec![0u8; 4096];
            loop {
                match s.read(&mut buffer).await {
                    Ok(0) | Err(_) => return,
                    Ok(n) => {
                        if s.write_all(&buffer[..n]).await.is_err() {
                            return;
                        }
                    }
                }
            }
        });
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let runtime = match args[1].as_str() {
        "mt" => Builder::new_multi_thread().enable_all().build(),
        "paused" => Builder::new_current_thread().enable_all().start_paused(true).build(),
        _ => Builder::new_current_thread().enable_all().build(),
    }
    .unwrap();
    if args[2] == "echo" {
        runtime.block_on(async { tokio::spawn(echo()).await.unwrap() });
    } else {
        work(runtime);
    }
}
