//! The API on a port of loopback.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{Api, REQUEST_LIMIT};

pub(super) async fn accept(listener: TcpListener, api: Arc<Api>) {
    // Dropped with this task, the set ends every connection.
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(stream, Arc::clone(&api)));
            }
            // Out of file descriptors, most likely: some connection must end first.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, api: Arc<Api>) {
    // Without it only latency is worse.
    let _ = stream.set_nodelay(true);
    let handler = service_fn(|request| handle(&api, request));
    // An error is a client that went away.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), handler).await;
}

async fn handle(api: &Api, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = collect(body).await;
    Ok(api.handle(Request::from_parts(parts, body)).await.map(Full::new))
}

/// The body, cut off where it is certain to be too large. It is read to its end all the same: a client writes
/// everything before it reads the answer.
async fn collect(mut body: Incoming) -> Bytes {
    let mut kept = BytesMut::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data()
            && kept.len() <= REQUEST_LIMIT
        {
            kept.extend_from_slice(&data);
        }
    }
    kept.freeze()
}
