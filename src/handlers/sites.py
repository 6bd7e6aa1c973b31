"""Sites: where facilities are."""

from starlette.responses import Response

from domain.names import check_name, check_time_zone
from handlers import views
from handlers.exchange import Request, json_reply
from handlers.facilities import time_zones
from handlers.paging import after_name, limit_of, page_reply
from sql import sites
from sql.pool import reading
from wire.models import CreateSiteRequest


async def sites_list(request: Request) -> Response:
    """All sites, in the order of their names."""
    name, row_id = after_name(request)
    async with reading(request.pool) as conn:
        rows = await sites.list_sites(
            conn, after_name=name, after_id=row_id, limit=limit_of(request) + 1
        )
    return page_reply(request, rows, views.site_detail, lambda row: (row.name, row.id))


async def sites_create(request: Request) -> Response:
    """Add a site."""
    request.require_staff()
    body = request.read(CreateSiteRequest)
    check_name(body.name)
    check_time_zone(body.time_zone, time_zones())
    row = await request.write(
        lambda conn: sites.insert_site(conn, name=body.name.strip(), time_zone=body.time_zone)
    )
    return json_reply(views.site_detail(row), 201)
